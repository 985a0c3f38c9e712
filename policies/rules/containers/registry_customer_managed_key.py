"""CR2: images are encrypted with a key of the estate's own."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import own_key


def check(registry: Resource, context: PolicyContext) -> Iterator[Violation]:
    """It can be asked for at creation only."""
    yield from must(registry, "encryption.status", "enabled", default="disabled")
    yield from own_key(registry, context, "encryption.keyVaultProperties.keyIdentifier")


POLICY = Policy(
    id="CR2",
    title="Container registries are encrypted with a key of the estate's own, and follow its rotation",
    why="Researchers' images hold models and results as often as they hold software.",
    on=("containerregistry:Registry",),
    reads=("encryption.status", "encryption.keyVaultProperties.keyIdentifier"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), iso27001=("8.24",)),
    fix="Make the registry with encryption enabled and a key without a version.",
    check=check,
    applies=holds_records,
    scope="stack",
)
