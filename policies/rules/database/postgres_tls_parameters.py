"""PG3: what goes to and from a Postgres server is encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import may
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

ALLOWED = {
    "require_secure_transport": ("on",),
    "ssl_min_protocol_version": ("TLSv1.2", "TLSv1.3"),
    "ssl_max_protocol_version": ("TLSv1.2", "TLSv1.3"),
    "password_encryption": ("scram-sha-256",),
}
"""Server parameters by name. Azure's own defaults are of these."""


def applies(parameter: Resource, _: PolicyContext) -> bool:
    """Other parameters are the database's own business."""
    return _name(parameter) in ALLOWED


def check(parameter: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A parameter that is written at all must be written well."""
    yield from may(parameter, "value", *ALLOWED[_name(parameter)])


def _name(parameter: Resource) -> str:
    return str(parameter.at("configurationName")).lower()


POLICY = Policy(
    id="PG3",
    title="No parameter of a Postgres server turns off TLS 1.2 or weakens its passwords",
    why="One parameter is enough to let queries and their answers cross the network in the clear.",
    on=("dbforpostgresql:Configuration",),
    reads=("configurationName", "value"),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.02", "2.8.03", "2.8.04"), ncsc=("1",), iso27001=("8.24",)),
    fix="Remove the parameter, or set require_secure_transport to on and ssl_min_protocol_version to TLSv1.2.",
    check=check,
    applies=applies,
)
