"""AL2: in an intake each provider has a container of its own, and sees nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from policies.azure_semantics import ids
from policies.azure_semantics.blob_grants import grants_on
from policies.azure_semantics.properties import word
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

STORE, CONTAINER = "storage:StorageAccount", "storage:BlobContainer"


def check(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Beside the computer that moves data on, one group at most may see the whole: the stewards."""
    grants = list(grants_on(store, context))
    own = [grant for grant in grants if grant.container]
    for one, other in combinations(own, 2):
        if one.container == other.container:
            yield Violation("", f"{other.assignment.name} gives a second one the intake {other.container}")
        elif one.principal.same_as(other.principal):
            yield Violation("", f"{other.assignment.name} gives {one.container} and {other.container} to the same")
    granted = {grant.container for grant in own}
    for container in context.same_stack(store, CONTAINER):
        name = ids.name(container.id)
        if container.id and ids.plain(container.id).startswith(f"{ids.own(store)}/") and name not in granted:
            yield Violation("", f"the intake {name} has no role of its own: whoever uses it holds more than it")
    whole = [g for g in grants if not g.container and word(g.assignment, "principalType") != "serviceprincipal"]
    if len(whole) > 1:
        yield Violation(
            "", f"{', '.join(g.assignment.name for g in whole)} each give the whole intake; one group at most"
        )


def is_intake(store: Resource, context: PolicyContext) -> bool:
    """Whether containers of a store are granted one by one, for writing alone: each to whoever delivers there."""
    own = [grant for grant in grants_on(store, context) if grant.container]
    return bool(own) and all(grant.writes for grant in own)


POLICY = Policy(
    id="AL2",
    title="Each provider delivers into an intake of its own",
    why="One provider's records are none of another's business; a shared intake shows each what the other has.",
    on=(STORE,),
    reads=(
        "authorization:RoleAssignment:scope",
        "authorization:RoleAssignment:principalId",
        "authorization:RoleAssignment:principalType",
        "storage:BlobContainer:containerName",
    ),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.10", "3.1.04", "3.1.12", "3.2.03"), ncsc=("3",), iso27001=("5.14", "5.15"), five_safes=("data",)
    ),
    fix="Give each provider's group a role on its own container, and only the stewards' group one on the store.",
    check=check,
    applies=is_intake,
    scope="stack",
)
