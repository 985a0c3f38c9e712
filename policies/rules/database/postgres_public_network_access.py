"""PG1: no Postgres server answers on the public network."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import may, must
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

SERVER, RULE = "dbforpostgresql:Server", "dbforpostgresql:FirewallRule"
PATH = "network.publicNetworkAccess"


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A server inside a network of the estate's own is closed; any other is open where nothing is said."""
    if resource.type == RULE:
        yield Violation("startIpAddress", "lets public addresses reach the server; there must be no such rule")
    elif resource.at("network.delegatedSubnetResourceId") in (MISSING, ""):
        yield from must(resource, PATH, "Disabled", default="Enabled")
    else:
        yield from may(resource, PATH, "Disabled")


POLICY = Policy(
    id="PG1",
    title="Postgres servers are closed to the public network, and have no firewall rule",
    why="A database on the Internet is tried by every guesser of passwords within minutes.",
    on=(SERVER, RULE),
    reads=(PATH, "network.delegatedSubnetResourceId"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(satre=("2.2.09",), ncsc=("11",), iso27001=("8.20",), five_safes=("settings",)),
    fix="Set network.publicNetworkAccess to Disabled, or give it a delegated subnet; remove its firewall rules.",
    check=check,
)
