"""Data collection endpoints are reachable through the private link only (MO4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals
from policies.rules.logging.private_link_scope import MEMBER

ENDPOINT = "monitor:DataCollectionEndpoint"


def check(endpoint: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require membership in a private link scope: without it no agent can reach the endpoint."""
    if not context.referencing(MEMBER, "linkedResourceId", endpoint):
        yield Violation("", "is in no private link scope, so no agent inside can reach it")


POLICY = Policy(
    id="MO4",
    title="Data collection endpoints are reachable through the private link only",
    why="Logs could be forged, and an agent configured, from any network (Azure Monitor, Enable network isolation for "
    "Azure Monitor Agent by using Private Link).",
    resource_types=(ENDPOINT,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.5.03"),
        ncsc=("11", "13"),
        caf=("B4.a", "C1.b"),
        cyber_essentials=("1.4",),
        iso27001=("8.15", "8.20"),
        five_safes=("settings",),
    ),
    fix="Set networkAcls.publicNetworkAccess to Disabled, leave out the identity, and add the endpoint to the private "
    "link scope.",
    requires=(
        equals("networkAcls.publicNetworkAccess", "Disabled", default="Enabled"),
        empty("identity", "an endpoint needs no identity"),
    ),
    check=check,
    check_paths=(f"{MEMBER}:linkedResourceId",),
    evaluation_scope="stack",
)
