"""Storage accounts deny public network access (ST1)."""

from __future__ import annotations

from policies.azure_semantics.perimeters import READS, SECURED
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals
from policies.rule_helpers.public_network_access import perimeter_is_enforced

PATH = "publicNetworkAccess"

POLICY = Policy(
    id="ST1",
    title="Storage accounts deny public network access",
    why="A storage account with patients' records that can be reached from the Internet is exposed by one leaked "
    "credential.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), cis=("9.3.2.2",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Set publicNetworkAccess to Disabled, and connect to the account through a private endpoint.",
    requires=(equals(PATH, "Disabled", SECURED, default="Enabled"),),
    check=perimeter_is_enforced(PATH),
    check_paths=READS,
    evaluation_scope="stack",
    checkov=("CKV_AZURE_59",),
)
