"""Each provider uploads to a container of its own (AL2)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from policies.azure_semantics.blob_grants import grants_on
from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_assignments import assignment_paths
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.airlocks import is_intake

STORE = "storage:StorageAccount"


def check(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow one role per container. Besides the mover, one group at most may read the whole store: the stewards. A
    container without a role is one of a provider that has an inbox now."""
    grants = list(grants_on(store, context))
    on_containers = [grant for grant in grants if grant.container]
    for first, second in combinations(on_containers, 2):
        if first.container == second.container:
            yield Violation("", f"{second.assignment.name} gives a second principal the container {second.container}")
        elif first.principal.same_as(second.principal):
            yield Violation(
                "", f"{second.assignment.name} gives {first.container} and {second.container} to the same principal"
            )
    on_store = [grant.assignment for grant in grants if not grant.container]
    of_people = [role.name for role in on_store if lower_text(role, "principalType") != "serviceprincipal"]
    if len(of_people) > 1:
        yield Violation("", f"{', '.join(of_people)} each give the whole store; one group at most may have it")


POLICY = Policy(
    id="AL2",
    title="Each provider uploads to a container of its own",
    why="A provider must not see another provider's records; a shared container shows them.",
    resource_types=(STORE,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.10", "3.1.04", "3.1.12", "3.2.03"),
        ncsc=("3",),
        caf=("B2.d",),
        cyber_essentials=("4.1",),
        iso27001=("5.14", "5.15"),
        five_safes=("data",),
    ),
    fix="Give each provider's group a role on its own container, and only the stewards' group one on the store.",
    check=check,
    check_paths=(
        *assignment_paths("scope", "principalId", "principalType", "roleDefinitionId"),
        "storage:BlobContainer:containerName",
    ),
    applies=is_intake,
    evaluation_scope="stack",
)
