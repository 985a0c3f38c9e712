"""Secrets of the estate's vaults come from random values that the program generates (KV14)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.urns import type_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

RANDOM = "random:"
SECRET = "keyvault:Secret"  # noqa: S105 - a resource type
GENERATED = tuple(f"random:index/random{name}:Random{name}" for name in ("Bytes", "Password"))


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require a random source of each secret, and that none is imported: an imported value is known outside."""
    if resource.type != SECRET:
        if resource.imported:
            yield Violation("", "is imported, so its value is known outside; it must be generated")
    elif not any(type_of(urn).startswith(RANDOM) for urn in resource.property_dependencies.get("properties", ())):
        yield Violation("properties.value", "comes from no random value of the program, so it may be known outside")


POLICY = Policy(
    id="KV14",
    title="Secrets of the estate's vaults come from random values that the program generates",
    why="Whoever knows the secret behind pseudonyms can identify the patients; a value that is written in a program or "
    "imported is known to its author.",
    resource_types=(SECRET, *GENERATED),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.8.04", "2.8.05"), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",), five_safes=("data",)
    ),
    fix="Set the value to the output of a RandomBytes or RandomPassword, without an import option.",
    check=check,
    check_paths=(f"{SECRET}:properties.value", "propertyDependencies", "import"),
    applies=lambda resource, _: resource.from_program,
    needs_config=True,
)
