"""ST8: blobs are copied and replicated within the tenant only."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import KEPT, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(account: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Without a scope, whoever may read can have Azure itself copy to an account of anybody's."""
    yield from must(account, "allowCrossTenantReplication", False, default=KEPT)
    yield from must(account, "allowedCopyScope", "AAD", "PrivateLink", default="copies to anywhere")


POLICY = Policy(
    id="ST8",
    title="Storage accounts are copied and replicated within the tenant only",
    why="A copy that Azure makes from account to account passes no firewall and no airlock.",
    on=("storage:StorageAccount",),
    reads=("allowCrossTenantReplication", "allowedCopyScope"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.1.05", "3.1.12"), ncsc=("3",), cis=("9.3.7",), iso27001=("8.12",), five_safes=("outputs",)
    ),
    fix="Set allowCrossTenantReplication to false and allowedCopyScope to AAD or PrivateLink.",
    check=check,
)
