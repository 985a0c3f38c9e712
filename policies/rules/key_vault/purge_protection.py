"""Key vaults keep deleted keys and secrets for 90 days, and nobody can purge them earlier (KV1)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.properties import require_at_least
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals, equals_if_set

MIN_DAYS = {DataClass.SYNTHETIC: 7, DataClass.DE_IDENTIFIED: 90, DataClass.IDENTIFIABLE: 90}


def check(vault: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the retention of the data class. Soft delete can no longer be turned off, so it need not be set."""
    min_days = MIN_DAYS[context.data_class(vault)]
    yield from require_at_least(vault, "properties.softDeleteRetentionInDays", min_days, "days",
                        default="90, which can never be changed; set it")  # fmt: skip


POLICY = Policy(
    id="KV1",
    title="Key vaults keep deleted keys and secrets for 90 days, and nobody can purge them earlier",
    why="Destroying a key destroys all data that it encrypts. With purge protection neither an administrator nor "
    "Microsoft can do so before there was time to notice.",
    resource_types=("keyvault:Vault", "keyvault:ManagedHsm"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.6.01", "2.8.05"), ncsc=("2",), caf=("B3.c",), cis=("8.3.5",), iso27001=("8.24",)
    ),
    fix="Set enablePurgeProtection to true and softDeleteRetentionInDays to 90 (7 is enough for synthetic data).",
    requires=(
        equals_if_set("properties.enableSoftDelete", True),
        equals("properties.enablePurgeProtection", True, default="false"),
    ),
    check=check,
    check_paths=("properties.softDeleteRetentionInDays",),
    checkov=("CKV_AZURE_42", "CKV_AZURE_110", "CKV_AZURE_111"),
)
