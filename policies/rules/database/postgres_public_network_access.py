"""PostgreSQL servers deny public network access, and have no firewall rules (PG1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.violations import violations

SERVER, RULE = "dbforpostgresql:Server", "dbforpostgresql:FirewallRule"
PRIVATE = equals("network.publicNetworkAccess", "Disabled", default="Enabled", only_on=SERVER)


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse public access. A server in a delegated subnet is private where the property is missing."""
    if resource.type == RULE:
        yield Violation("startIpAddress", "lets public addresses reach the server; the rule must be removed")
    elif resource.at("network.delegatedSubnetResourceId") in (MISSING, "") or resource.at(PRIVATE.path) is not MISSING:
        yield from violations(PRIVATE, resource)


POLICY = Policy(
    id="PG1",
    title="PostgreSQL servers deny public network access, and have no firewall rules",
    why="Password guessing against a database on the Internet starts within minutes.",
    resource_types=(SERVER, RULE),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09",),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.4",),
        iso27001=("8.20",),
        five_safes=("settings",),
    ),
    fix="Set network.publicNetworkAccess to Disabled, or give it a delegated subnet; remove its firewall rules.",
    check=check,
    required_by_check=(PRIVATE,),
    check_paths=("network.delegatedSubnetResourceId",),
)
