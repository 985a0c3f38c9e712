"""PostgreSQL servers connect to other hosts through the networks of the estate only (PG5)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import not_empty

POLICY = Policy(
    id="PG5",
    title="PostgreSQL servers connect to other hosts through the networks of the estate only",
    why="Who administers a server makes it connect to any host (a subscription, dblink, postgres_fdw), with data in "
    "the connection: past the airlock, and past every firewall of the estate. No setting of the server denies it "
    "(docs/decisions/0027-optional-services.md).",
    resource_types=("dbforpostgresql:Server",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("3", "11"), caf=("B4.a",), iso27001=("8.12", "8.22"), five_safes=("outputs",)
    ),
    fix="Give the server a delegated subnet, whose rules and routes hold for its connections; or run PostgreSQL on a "
    "desk.",
    requires=(not_empty("network.delegatedSubnetResourceId", default="no network of the estate"),),
)
