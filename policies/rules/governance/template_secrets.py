"""A template contains no secrets (TM2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

FOUND = "templateSecrets"
"""The input that the reader of templates adds: `path: source` of each secret that the template contains."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse each secret, also the default of a secure parameter: a deployment that gives no other value has it."""
    for found in resource.each(f"{FOUND}[*]"):
        path, source = str(found).split(": ", 1)
        yield Violation(path, f"is {source}, which everybody who can read the template knows")


POLICY = Policy(
    id="TM2",
    title="A template contains no secrets",
    why="Templates are kept in repositories and in the history of deployments, so their passwords are known to many.",
    resource_types=("*",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.4.04", "2.8.05"),
        ncsc=("10",),
        caf=("B3.c", "B4.b"),
        iso27001=("5.17", "8.9"),
        five_safes=("settings",),
    ),
    fix="Declare a secure parameter without a default, and give it a reference to a key vault.",
    check=check,
    check_paths=(FOUND,),
    applies=lambda resource, _: FOUND in resource.inputs,
)
