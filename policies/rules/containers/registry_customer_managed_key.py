"""Container registries are encrypted with a key of the estate, and follow its rotation (CR2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.encryption_keys import KEY_READS, require_rotating_key


def check(registry: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a key of the estate without a version. Azure accepts it at creation only."""
    yield from require_rotating_key(registry, context, "encryption.keyVaultProperties.keyIdentifier")


POLICY = Policy(
    id="CR2",
    title="Container registries are encrypted with a key of the estate, and follow its rotation",
    why="Researchers' images contain models and results as well as software.",
    resource_types=("containerregistry:Registry",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",)),
    fix="Create the registry with encryption enabled and a key without a version.",
    requires=(equals("encryption.status", "enabled", default="disabled"),),
    check=check,
    check_paths=(
        "encryption.keyVaultProperties.keyIdentifier",
        *KEY_READS,
    ),
    applies=holds_records,
    evaluation_scope="stack",
)
