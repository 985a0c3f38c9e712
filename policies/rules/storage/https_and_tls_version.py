"""ST5: what goes to and from a storage account is encrypted, with TLS 1.2 or newer."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import KEPT, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(account: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure's defaults have changed over the years, so both are said."""
    yield from must(account, "minimumTlsVersion", "TLS1_2", "TLS1_3", default="TLS1_0")
    yield from must(account, "enableHttpsTrafficOnly", True, default=KEPT)


POLICY = Policy(
    id="ST5",
    title="Storage accounts speak HTTPS only, with TLS 1.2 or newer",
    why="Older versions of TLS can be broken, and plain HTTP can be read by whoever carries it.",
    on=("storage:StorageAccount",),
    reads=("minimumTlsVersion", "enableHttpsTrafficOnly"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.8.02", "2.8.03", "2.8.04"), ncsc=("1",), cis=("9.3.4", "9.3.6"), iso27001=("8.24",),
        five_safes=("settings",),
    ),
    fix="Set minimumTlsVersion to TLS1_2 and enableHttpsTrafficOnly to true.",
    check=check,
    checkov=("CKV_AZURE_3", "CKV_AZURE_44"),
)  # fmt: skip
