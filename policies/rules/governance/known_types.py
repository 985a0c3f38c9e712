"""TY1: every resource is of a type that some policy has been written for, or that was looked at and needs none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation

HARMLESS: Mapping[str, str] = {
    "managedidentity:UserAssignedIdentity": "a name without rights; each right is a role assignment, judged there",
    "privatedns:PrivateZone": "a name; who may ask for what it holds is judged on its links and records",
}
"""Types that no policy is about, and why none need be."""
MANY = 20
"""A policy on more types than these knows what they have in common, as a private endpoint, and none of them well."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """What nobody has looked at cannot pass: a new service comes with the policies that say what it may be."""
    if resource.type not in known_types():
        raise Unknown("", f"is {resource.type}, which no policy knows, so this cannot be judged")
    yield from ()


@cache
def known_types() -> frozenset[str]:
    """The types that a policy is said of, or reads beside another."""
    from policies.rules import load  # noqa: PLC0415 - the catalogue finds this file too

    policies = load().values()
    judged = {type_ for policy in policies if len(policy.on) <= MANY for type_ in policy.on}
    read = {path.rpartition(":")[0] for policy in policies for path in policy.paths}
    return frozenset(type_ for type_ in (judged | read | HARMLESS.keys()) if ":" in type_)


POLICY = Policy(
    id="TY1",
    title="Nothing is of a type that no policy knows",
    why="A service that nobody wrote a policy for would pass them all: its public endpoint would be seen by none.",
    on=("*",),
    reads=("type",),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.09", "2.4.04"), ncsc=("5",), iso27001=("8.9",), five_safes=("settings",)),
    fix="Write the policies that say what such a resource may be: scripts/sde policy new makes the file and its test.",
    check=check,
)
