"""Values that come from a random secret are secret too (KV13)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.plan import contains_unknown
from formats.urns import type_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

RANDOM = "random:"


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse unknown values in the clear whose source is random. The engine compares the values that are known."""
    for key, sources in resource.property_dependencies.items():
        if any(type_of(urn).startswith(RANDOM) for urn in sources) and contains_unknown(resource.inputs.get(key)):
            yield Violation(key, "comes from a random secret and is not secret itself")


POLICY = Policy(
    id="KV13",
    title="Values that come from a random secret are secret too",
    why="A secret in a tag, a name or a setting is readable for everybody who may list resources.",
    resource_types=("*",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.8.04", "2.8.05"), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",), five_safes=("data",)
    ),
    fix="Leave the value a secret: no Output.unsecret, and no copy in a tag, name or output.",
    check=check,
    check_paths=("propertyDependencies",),
    applies=lambda resource, _: resource.from_program,
)
