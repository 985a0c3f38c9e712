"""KV7: a vault is not opened for the resource manager."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import may
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

DOORS = ("enabledForDeployment", "enabledForTemplateDeployment", "enabledForDiskEncryption")


def check(vault: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure's default for each is false."""
    for door in DOORS:
        yield from may(vault, f"properties.{door}", False)


POLICY = Policy(
    id="KV7",
    title="Key vaults are not opened for deployments, templates or the guest's own disk encryption",
    why="Through each of them whoever may deploy gets at secrets that they were never granted.",
    on=("keyvault:Vault",),
    reads=tuple(f"properties.{door}" for door in DOORS),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.8.05", "3.2.03"), ncsc=("9", "10"), iso27001=("5.15", "8.24"), five_safes=("people",)
    ),
    fix="Set enabledForDeployment, enabledForTemplateDeployment and enabledForDiskEncryption to false.",
    check=check,
)
