"""The program keeps no resources after their deletion, and takes none over from other stacks (SC4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.wording import plain


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse `retainOnDelete`, and aliases that are URNs of other stacks or projects."""
    if resource.retain_on_delete:
        yield Violation("retainOnDelete", "is set, so the resource exists on without a stack after its deletion")
    for alias in resource.foreign_aliases:
        yield Violation("aliases", f"has {plain(alias)}, which is of another stack")


POLICY = Policy(
    id="SC4",
    title="The program keeps no resources after their deletion, and takes none over from other stacks",
    why="A retained role, key or address works on, and no plan, policy or report shows it any more.",
    resource_types=("*",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.12", "2.4.03"),
        ncsc=("2", "5"),
        caf=("A3.a", "B4.b"),
        iso27001=("5.9", "8.9"),
        five_safes=("settings",),
    ),
    fix="Remove retain_on_delete, and aliases of other stacks.",
    check=check,
    check_paths=("retainOnDelete", "aliases"),
    applies=lambda resource, _: resource.from_program,
)
