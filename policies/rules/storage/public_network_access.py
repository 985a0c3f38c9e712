"""ST1: no storage account answers on the public network."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(account: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Missing means Azure's default, which is open."""
    yield from must(account, "publicNetworkAccess", "Disabled", "SecuredByPerimeter", default="Enabled")


POLICY = Policy(
    id="ST1",
    title="Storage accounts are closed to the public network",
    why="A store of patients' records that answers on the Internet is one leaked credential away from a breach.",
    on=("storage:StorageAccount",),
    reads=("publicNetworkAccess",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), cis=("9.3.2.2",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Set publicNetworkAccess to Disabled and reach the account through a private endpoint.",
    check=check,
    checkov=("CKV_AZURE_59",),
)
