"""The lifecycle rules of a storage account: when blobs move to a cooler tier, and when they are deleted."""

from __future__ import annotations

from pulumi_azure_native import storage

from formats.stack_config import Tiers


def lifecycle_rules(tiers: Tiers) -> list[storage.ManagementPolicyRuleArgs]:
    """Return the lifecycle rules for these tiers; an empty list if blobs never move.

    Days count from the last change; for earlier versions of a blob, from the creation of that version.
    """
    if not (tiers.cool_after_days or tiers.archive_after_days or tiers.delete_after_days):
        return []
    return [
        storage.ManagementPolicyRuleArgs(
            name="tiers",
            enabled=True,
            type=storage.RuleType.LIFECYCLE,
            definition=storage.ManagementPolicyDefinitionArgs(
                filters=storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"]),
                actions=storage.ManagementPolicyActionArgs(
                    base_blob=storage.ManagementPolicyBaseBlobArgs(
                        tier_to_cool=_after_modification(tiers.cool_after_days),
                        tier_to_archive=_after_modification(tiers.archive_after_days),
                        delete=_after_modification(tiers.delete_after_days),
                    ),
                    version=storage.ManagementPolicyVersionArgs(
                        tier_to_cool=_after_creation(tiers.cool_after_days),
                        tier_to_archive=_after_creation(tiers.archive_after_days),
                        delete=_after_creation(tiers.delete_after_days),
                    ),
                ),
            ),
        )
    ]


def _after_modification(days: int | None) -> storage.DateAfterModificationArgs | None:
    return storage.DateAfterModificationArgs(days_after_modification_greater_than=days) if days else None


def _after_creation(days: int | None) -> storage.DateAfterCreationArgs | None:
    return storage.DateAfterCreationArgs(days_after_creation_greater_than=days) if days else None
