"""Private endpoints outside the estate are connected only where the estate names them (PE9)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.private_link import CONNECTION_TYPES
from policies.azure_semantics.properties import require
from policies.expected.approved_connections import approved_connections
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

STATUS = "privateLinkServiceConnectionState.status"


def check(connection: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that the estate names the connection at exactly this store, or that it is not approved."""
    config = context.configs.get(connection.stack)
    named = approved_connections(config) if config else {}
    accounts = {r.name: r.id for r in context.same_stack(connection, "storage:StorageAccount")}
    wanted = {
        f"{ids.plain(accounts.get(store))}/privateendpointconnections/{one.connection.lower()}"
        for store, one in named.items()
    }
    if ids.own(connection) not in wanted:
        for _ in require(connection, STATUS, "Pending", "Rejected"):
            yield Violation(STATUS, "approves a private endpoint that the estate does not name")


POLICY = Policy(
    id="PE9",
    title="Private endpoints outside the estate are connected only where the estate names them",
    why="A private endpoint in a foreign network reaches the store past public network access and every firewall.",
    resource_types=CONNECTION_TYPES,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11"),
        ncsc=("11",),
        caf=("A4.a", "B4.a"),
        iso27001=("5.14", "8.22"),
        five_safes=("settings",),
    ),
    fix="Name endpoint and connection in the provider's `way_in` (`private_endpoint`), or remove the connection.",
    check=check,
    check_paths=(STATUS, "storage:StorageAccount:accountName"),
    evaluation_scope="stack",
)
