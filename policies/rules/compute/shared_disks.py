"""VM14: no disk is shared between computers."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import may
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(disk: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure's default is one computer."""
    yield from may(disk, "maxShares", 1)


POLICY = Policy(
    id="VM14",
    title="No disk is shared between computers",
    why="A shared disk joins two computers below everything that keeps them apart: networks, sign-in and records.",
    on=("compute:Disk",),
    reads=("maxShares",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.1.14", "3.2.03"), ncsc=("3",), iso27001=("8.22",), five_safes=("projects",)),
    fix="Leave maxShares out, or set it to 1.",
    check=check,
)
