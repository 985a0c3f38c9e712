"""Network security perimeters let in their own subscription at most, and nothing out (NP2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.perimeters import RULE
from policies.azure_semantics.properties import display, entries
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals

SUBSCRIPTIONS = "subscriptions"
REFUSED = ("addressPrefixes", "emailAddresses", "fullyQualifiedDomainNames", "phoneNumbers", "serviceTags")


def check(rule: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require the perimeter's own subscription: its managed identities need a role as well, which is checked."""
    own = ids.subscription(ids.own(rule))
    if not entries(rule, SUBSCRIPTIONS):
        yield Violation(SUBSCRIPTIONS, "has no entry")
    for entry in entries(rule, SUBSCRIPTIONS):
        if ids.plain(rule.at(f"{entry}.id")) != own:
            yield Violation(f"{entry}.id", f"is {display(rule.at(f'{entry}.id'))}; it must be the perimeter's own")


POLICY = Policy(
    id="NP2",
    title="Network security perimeters let in their own subscription at most, and nothing out",
    why="An access rule for addresses, names or another subscription is a way past the private endpoints and the "
    "firewall (Azure Private Link, What is a network security perimeter?).",
    resource_types=(RULE,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.4",),
        iso27001=("8.20", "8.23"),
        five_safes=("settings", "outputs"),
    ),
    fix="Set direction to Inbound and subscriptions to the perimeter's own subscription, and leave out the rest.",
    requires=(
        equals("direction", "Inbound"),
        *(empty(path, "it lets in or out what is outside of the subscription") for path in REFUSED),
    ),
    check=check,
    check_paths=(f"{SUBSCRIPTIONS}[*].id",),
)
