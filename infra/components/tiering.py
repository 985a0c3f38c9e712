"""Tiers: when blobs grow cool, go to the archive, and go for good."""

from __future__ import annotations

from pulumi_azure_native import storage

from infra.config import Tiers


def lifecycle(tiers: Tiers) -> list[storage.ManagementPolicyRuleArgs]:
    """The lifecycle rules of the tiers; none where nothing ever moves.

    Days count from the last change; for earlier versions of a blob, from the day that version was made.
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
                        tier_to_cool=_changed(tiers.cool_after_days),
                        tier_to_archive=_changed(tiers.archive_after_days),
                        delete=_changed(tiers.delete_after_days),
                    ),
                    version=storage.ManagementPolicyVersionArgs(
                        tier_to_cool=_made(tiers.cool_after_days),
                        tier_to_archive=_made(tiers.archive_after_days),
                        delete=_made(tiers.delete_after_days),
                    ),
                ),
            ),
        )
    ]


def _changed(days: int | None) -> storage.DateAfterModificationArgs | None:
    return storage.DateAfterModificationArgs(days_after_modification_greater_than=days) if days else None


def _made(days: int | None) -> storage.DateAfterCreationArgs | None:
    return storage.DateAfterCreationArgs(days_after_creation_greater_than=days) if days else None
