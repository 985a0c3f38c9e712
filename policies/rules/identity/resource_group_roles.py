"""Roles are assigned on resources, not on whole resource groups (IA6)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_assignments import ASSIGNMENTS, role_of
from policies.azure_semantics.roles import READER, READS, WRITES
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation

FIREWALL = "network:AzureFirewall"


def check(assignment: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow two exceptions: one group of engineers may read the hub, and an identity of another stack may read.

    The other stack locks its store, and the lock would prevent the removal of a role on the store itself.
    """
    group = context.get(assignment.at("scope"))
    same_stack = group is not None and group.stack == assignment.stack
    is_person = lower_text(assignment, "principalType") != "serviceprincipal"
    if not same_stack and (is_person or role_of(assignment) not in READS - WRITES):
        yield Violation(
            "scope", "is a whole resource group of another stack; only a managed identity may have it, to read"
        )
    elif same_stack and not (is_person and role_of(assignment) == READER and context.same_stack(assignment, FIREWALL)):
        yield Violation("scope", "is a whole resource group, with all resources that are added later")
    elif same_stack:
        assignments = context.same_stack(assignment, *ASSIGNMENTS)
        others = [other.name for other in assignments if _has_other_principal(other, assignment)]
        if others:
            yield Violation("scope", f"is a whole resource group, like {', '.join(others)}; only one may be")


def _has_other_principal(other: Resource, assignment: Resource) -> bool:
    """Return True if `other` assigns a role on the same resource group to another principal."""
    if other is assignment or ids.plain(other.at("scope")) != ids.plain(assignment.at("scope")):
        return False
    try:
        return bool(other.at("principalId") != assignment.at("principalId"))
    except Unknown:
        return True


def _is_on_resource_group(assignment: Resource, _: PolicyContext) -> bool:
    scope = ids.plain(assignment.at("scope"))
    return scope == ids.resource_group(scope)


POLICY = Policy(
    id="IA6",
    title="Roles are assigned on resources, not on whole resource groups",
    why="A role on a resource group covers resources that are added later, which nobody considered.",
    resource_types=ASSIGNMENTS,
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("3.2.03",),
        ncsc=("9",),
        caf=("B2.d",),
        cyber_essentials=("4.1",),
        iso27001=("5.15", "8.2"),
        five_safes=("people",),
    ),
    fix="Assign the role on the resource that is used: the store, the vault, the Bastion, the virtual machine.",
    check=check,
    check_paths=("scope", "principalId", "principalType", "roleDefinitionId"),
    applies=_is_on_resource_group,
    evaluation_scope="stack",
)
