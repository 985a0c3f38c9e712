"""Every property is one that a rule reads, or a harmless one (TY2)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from formats.property_paths import join
from formats.urns import ROOT_TYPE
from policies.azure_semantics.properties import alternatives
from policies.known_properties import KnownProperties, UnknownProperty
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation
from policies.rules.governance.known_types import known_types

MAX_PATHS = 5
"""At most this many paths are named in one message."""


def applies(resource: Resource, _: PolicyContext) -> bool:
    """Return True for known types. TY1 refuses the others, with all their properties; OU1 reads every output."""
    return resource.type in known_types() and resource.type != ROOT_TYPE


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Raise `Unknown` for properties that no rule reads: each of them may weaken the resource."""
    found = list(_known().unknown(resource))
    if found:
        raise Unknown(join(found[0].path), _message(found))
    yield from ()


def _message(found: list[UnknownProperty]) -> str:
    first, *others = found
    said = (
        f"is not {alternatives(first.allowed)}, and no rule judges other values of it"
        if first.allowed
        else "is set, and no rule reads it"
    )
    named = ", ".join(join(one.path) for one in others[: MAX_PATHS - 1])
    more = f" and {len(others) - MAX_PATHS + 1} more" if len(others) >= MAX_PATHS else ""
    return f"{said}; the same holds for {named}{more}" if others else said


@cache
def _known() -> KnownProperties:
    from policies.rules import load  # noqa: PLC0415 - the catalogue loads this file too

    return KnownProperties(load().values())


POLICY = Policy(
    id="TY2",
    title="Every property is one that a rule reads, or a harmless one",
    why="A property that no rule reads would pass whatever it grants, opens or discloses.",
    resource_types=("*",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.4.04"), ncsc=("5",), caf=("B4.b",), iso27001=("8.9",), five_safes=("settings",)
    ),
    fix="Leave the property out. If it is needed, write a rule that reads it, or add it to "
    "policies/harmless_properties.yaml with the reason why it grants, opens, weakens and discloses nothing.",
    check=check,
    applies=applies,
)
