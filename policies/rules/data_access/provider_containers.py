"""Each provider uploads to a container of its own (AL2)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from policies.azure_semantics import ids
from policies.azure_semantics.blob_grants import grants_on
from policies.azure_semantics.properties import lower_text
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.airlocks import is_intake

STORE, CONTAINER = "storage:StorageAccount", "storage:BlobContainer"


def check(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require one role per container. Besides the mover, one group at most may read the whole store: the stewards."""
    grants = list(grants_on(store, context))
    own = [grant for grant in grants if grant.container]
    for one, other in combinations(own, 2):
        if one.container == other.container:
            yield Violation("", f"{other.assignment.name} gives a second principal the container {other.container}")
        elif one.principal.same_as(other.principal):
            yield Violation(
                "", f"{other.assignment.name} gives {one.container} and {other.container} to the same principal"
            )
    granted = {grant.container for grant in own}
    for container in context.same_stack(store, CONTAINER):
        name = ids.name(container.id)
        if container.id and ids.plain(container.id).startswith(f"{ids.own(store)}/") and name not in granted:
            yield Violation("", f"the container {name} has no role of its own, so its users have a wider role")
    whole = [g for g in grants if not g.container and lower_text(g.assignment, "principalType") != "serviceprincipal"]
    if len(whole) > 1:
        yield Violation(
            "",
            f"{', '.join(g.assignment.name for g in whole)} each give the whole store; one group at most may have it",
        )


POLICY = Policy(
    id="AL2",
    title="Each provider uploads to a container of its own",
    why="A provider must not see another provider's records; a shared container shows them.",
    resource_types=(STORE,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.10", "3.1.04", "3.1.12", "3.2.03"), ncsc=("3",), iso27001=("5.14", "5.15"), five_safes=("data",)
    ),
    fix="Give each provider's group a role on its own container, and only the stewards' group one on the store.",
    check=check,
    check_paths=(
        "authorization:RoleAssignment:scope",
        "authorization:RoleAssignment:principalId",
        "authorization:RoleAssignment:principalType",
        "storage:BlobContainer:containerName",
        "authorization:RoleAssignment:roleDefinitionId",
    ),
    applies=is_intake,
    evaluation_scope="stack",
)
