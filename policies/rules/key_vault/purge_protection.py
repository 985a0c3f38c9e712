"""KV1: no key and no secret can be destroyed for good in a hurry."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.properties import at_least, may, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

LEAST_DAYS = {DataClass.SYNTHETIC: 7, DataClass.DE_IDENTIFIED: 90, DataClass.IDENTIFIABLE: 90}


def check(vault: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Soft delete itself can no longer be turned off, so it needs no saying; but it must not be denied."""
    yield from may(vault, "properties.enableSoftDelete", True)
    yield from must(vault, "properties.enablePurgeProtection", True, default="false")
    least = LEAST_DAYS[context.data_class(vault)]
    yield from at_least(vault, "properties.softDeleteRetentionInDays", least, "days",
                        default="90, which can never be changed: say so")  # fmt: skip


POLICY = Policy(
    id="KV1",
    title="Key vaults keep what is deleted for 90 days, and nobody can purge it sooner",
    why="Whoever destroys a key destroys all that it encrypts. With purge protection not even an administrator or "
    "Microsoft can, before there was time to notice.",
    on=("keyvault:Vault", "keyvault:ManagedHsm"),
    reads=("properties.enableSoftDelete", "properties.enablePurgeProtection", "properties.softDeleteRetentionInDays"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(satre=("2.6.01", "2.8.05"), ncsc=("2",), cis=("8.3.5",), iso27001=("8.24",)),
    fix="Set enablePurgeProtection to true and softDeleteRetentionInDays to 90 (7 is enough for synthetic data).",
    check=check,
    checkov=("CKV_AZURE_42", "CKV_AZURE_110", "CKV_AZURE_111"),
)
