"""GV5: locks hold: each says which deletion or change it stops, and nobody is let past it."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.locks import LOCKS
from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(lock: Resource, _: PolicyContext) -> Iterator[Violation]:
    """`NotSpecified` is a level, and stops nothing."""
    yield from must(lock, "level", "CanNotDelete", "ReadOnly", default="nothing, for Azure refuses the lock")


POLICY = Policy(
    id="GV5",
    title="Locks say what they stop",
    why="A lock that stops nothing is worse than none: everybody believes in it.",
    on=LOCKS,
    reads=("level",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("3.1.09",), ncsc=("2", "5"), cis=("6.2",), iso27001=("8.9",), five_safes=("data",)
    ),
    fix="Set level to CanNotDelete.",
    check=check,
)
