"""Storage accounts deny public network access, except to addresses that the estate names (ST1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.perimeters import READS, SECURED
from policies.azure_semantics.properties import require, same
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.public_network_access import perimeter_is_enforced
from policies.rule_helpers.public_stores import PERMITTED_PATHS, REASON, named_addresses, permitted_addresses

PATH = "publicNetworkAccess"


def check(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that public network access is off, except in a store that the estate opens to named addresses."""
    if not same(account.at(PATH), "Enabled") or not permitted_addresses(account, context):
        yield from require(account, PATH, "Disabled", SECURED, default="Enabled")
        yield from perimeter_is_enforced(PATH)(account, context)
    elif account.at(REASON) is MISSING or not str(account.at(REASON)).strip():
        yield Violation(PATH, "is Enabled, and no tag public-access gives the reason")


def check_early(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the same before the other resources are known."""
    if not same(account.at(PATH), "Enabled") or not named_addresses(account, context):
        yield from require(account, PATH, "Disabled", SECURED, default="Enabled")


POLICY = Policy(
    id="ST1",
    title="Storage accounts deny public network access, except to addresses that the estate names",
    why="A storage account with patients' records that can be reached from the Internet is exposed by one leaked "
    "credential.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09",),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.4", "1.5"),
        cis=("9.3.2.2",),
        iso27001=("8.20",),
        five_safes=("settings",),
    ),
    fix="Set publicNetworkAccess to Disabled, and connect to the account through a private endpoint. Where people come "
    "from named addresses, name these in the estate (`public_ranges`, `recipients`), and give the reason in the tag "
    "public-access.",
    required_by_check=(equals(PATH, "Disabled", SECURED, default="Enabled"),),
    check=check,
    early_check=check_early,
    check_paths=(REASON, *READS, *PERMITTED_PATHS),
    evaluation_scope="stack",
    checkov=("CKV_AZURE_59",),
)
