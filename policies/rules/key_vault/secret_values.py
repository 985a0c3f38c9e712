"""Values of secrets are marked as secret in the program (KV11)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import is_secret
from policies.model import (
    MISSING,
    ComplianceControls,
    Policy,
    PolicyContext,
    Resource,
    Severity,
    Unknown,
    Violation,
)

PATH = "properties.value"


def check(secret: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse a plain value: the state and its copies would contain it. An unknown value is stored nowhere yet."""
    try:
        value = secret.at(PATH)
    except Unknown:
        return
    if value is not MISSING and not is_secret(value):
        yield Violation(PATH, "is in the plan as plain text; it must be marked as secret")


POLICY = Policy(
    id="KV11",
    title="Values of secrets are marked as secret in the program",
    why="A plain value is stored in the program, the state and every copy of both, whatever the vault does.",
    resource_types=("keyvault:Secret",),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.05",), ncsc=("2", "10"), caf=("B3.c",), iso27001=("8.24",)),
    fix="Wrap the value in pulumi.Output.secret, take it from a secret of the configuration, or from a random "
    "resource. In a template, use a secureString parameter.",
    check=check,
    check_paths=(PATH,),
)
