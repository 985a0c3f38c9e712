"""No parameter of a PostgreSQL server disables TLS 1.2 or weakens password hashes (PG3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import require_if_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

ALLOWED = {
    "require_secure_transport": ("on",),
    "ssl_min_protocol_version": ("TLSv1.2", "TLSv1.3"),
    "ssl_max_protocol_version": ("TLSv1.2", "TLSv1.3"),
    "password_encryption": ("scram-sha-256",),
}
"""Allowed values of server parameters. Azure's defaults are among them."""


def applies(parameter: Resource, _: PolicyContext) -> bool:
    """Only parameters with an allowed list."""
    return _name(parameter) in ALLOWED


def check(parameter: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require an allowed value where the parameter is set."""
    yield from require_if_set(parameter, "value", *ALLOWED[_name(parameter)])


def _name(parameter: Resource) -> str:
    return str(parameter.at("configurationName")).lower()


POLICY = Policy(
    id="PG3",
    title="No parameter of a PostgreSQL server disables TLS 1.2 or weakens password hashes",
    why="One parameter is enough to send queries and results over the network in plain text.",
    resource_types=("dbforpostgresql:Configuration",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.8.02", "2.8.03", "2.8.04"), ncsc=("1",), caf=("B2.a", "B3.b"), iso27001=("8.24",)
    ),
    fix="Remove the parameter, or set require_secure_transport to on and ssl_min_protocol_version to TLSv1.2.",
    check=check,
    check_paths=("configurationName", "value"),
    applies=applies,
)
