"""Storage accounts and containers do not allow anonymous access (ST4)."""

from __future__ import annotations

from policies.azure_semantics.properties import PREVIOUS_OR_DEFAULT
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals, equals_if_set

ACCOUNT, CONTAINER = "storage:StorageAccount", "storage:BlobContainer"


POLICY = Policy(
    id="ST4",
    title="Storage accounts and containers do not allow anonymous access",
    why="Most public data breaches of this kind were containers that anyone could list.",
    resource_types=(ACCOUNT, CONTAINER),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("3.1.12",),
        ncsc=("11",),
        caf=("B2.a", "B3.c"),
        cyber_essentials=("2.5",),
        cis=("9.3.8",),
        iso27001=("8.3",),
        five_safes=("outputs",),
    ),
    fix="Set allowBlobPublicAccess to false on the account and publicAccess to None on each container.",
    requires=(
        equals("allowBlobPublicAccess", False, default=PREVIOUS_OR_DEFAULT, only_on=ACCOUNT),
        equals_if_set("publicAccess", "None", only_on=CONTAINER),
    ),
    checkov=("CKV_AZURE_34",),
)
