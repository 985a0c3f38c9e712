"""Roles across stacks are for managed identities, and do not permit writing (IA5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.network import NETWORK, SUBNET
from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_assignments import ASSIGNMENTS, role_of
from policies.azure_semantics.roles import WRITES
from policies.expected.entitlements import READER
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(assignment: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Across stacks, allow managed identities only, and no role that permits writing. Groups of a project may read the
    network of its shared tenancy, where the estate says so, which IA8 checks."""
    scope = ids.plain(assignment.at("scope"))
    owner = context.get(scope) or context.get(ids.resource_group(scope))
    if owner is None:
        yield Violation("scope", "is neither a resource nor a resource group of the estate's stacks")
    elif owner.stack != assignment.stack:
        is_service = lower_text(assignment, "principalType") == "serviceprincipal"
        if not is_service and not _reads_its_network(assignment, owner, context):
            yield Violation(
                "scope", f"belongs to {owner.stack}; another stack may assign a role on it to a managed identity only"
            )
        if role_of(assignment) in WRITES:
            yield Violation(
                "roleDefinitionId", f"permits writing to a resource of {owner.stack}; another stack may only read it"
            )


def _reads_its_network(assignment: Resource, owner: Resource, context: PolicyContext) -> bool:
    """True for Reader on exactly a network that has subnets of the assignment's stack."""
    if owner.type != NETWORK or role_of(assignment) != READER or ids.plain(assignment.at("scope")) != ids.own(owner):
        return False
    subnets = context.same_stack(assignment, SUBNET)
    return any(ids.parent(ids.own(subnet)) == ids.own(owner) for subnet in subnets)


POLICY = Policy(
    id="IA5",
    title="Roles across stacks are for managed identities, and do not permit writing",
    why="A project that assigns itself a role on another project's store can move data between them, even where their "
    "networks are separate.",
    resource_types=ASSIGNMENTS,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10", "3.2.03"),
        ncsc=("3", "9"),
        caf=("B2.d",),
        cyber_essentials=("4.1",),
        iso27001=("5.15",),
        five_safes=("people", "projects"),
    ),
    fix="Declare the role assignment in the stack that owns the resource, so that its owners review it.",
    check=check,
    check_paths=("scope", "principalType", "roleDefinitionId", f"{SUBNET}:subnetName"),
    evaluation_scope="estate",
)
