"""Storage accounts require HTTPS with TLS 1.2 or newer (ST5)."""

from __future__ import annotations

from policies.azure_semantics.properties import PREVIOUS_OR_DEFAULT
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals

POLICY = Policy(
    id="ST5",
    title="Storage accounts require HTTPS with TLS 1.2 or newer",
    why="Older versions of TLS can be broken, and plain HTTP can be read anywhere on its path.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.8.02", "2.8.03", "2.8.04"),
        ncsc=("1",),
        caf=("B3.b",),
        cis=("9.3.4", "9.3.6"),
        iso27001=("8.24",),
        five_safes=("settings",),
    ),
    fix="Set minimumTlsVersion to TLS1_2 and enableHttpsTrafficOnly to true.",
    requires=(
        equals("minimumTlsVersion", "TLS1_2", "TLS1_3", default="TLS1_0", ordered=True),
        # Required although it is Azure's default: a missing value leaves an existing account as it is.
        equals("enableHttpsTrafficOnly", True, default=PREVIOUS_OR_DEFAULT),
    ),
    checkov=("CKV_AZURE_3", "CKV_AZURE_44"),
)
