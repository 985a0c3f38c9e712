"""AL3: a store is one group's at most; what records everybody's traffic is nobody's."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.blob_grants import grants_on
from policies.azure_semantics.properties import word
from policies.azure_semantics.role_assignments import Principal
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rules.data_access.airlock_stages import is_airlock
from policies.rules.data_access.provider_containers import is_intake

STORE, RECORD = "storage:StorageAccount", "network:FlowLog"


def check(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Computers have identities of their own and are not counted. Who else must see something gets it by an airlock."""
    people: list[Principal] = []
    for grant in grants_on(store, context):
        computer = word(grant.assignment, "principalType") == "serviceprincipal"
        if not computer and not any(holder.same_as(grant.principal) for holder in people):
            people.append(grant.principal)
    records = bool(context.referencing(RECORD, "storageId", store))
    if records and people:
        yield Violation("", "holds the record of all traffic, and people have roles on its blobs")
    elif len(people) > 1:
        yield Violation(
            "", f"{len(people)} groups of people have roles on its blobs; one may: the others by an airlock"
        )


POLICY = Policy(
    id="AL3",
    title="A store belongs to one group of people at most",
    why="Two projects that see one store are one project, whoever approved them apart.",
    on=(STORE,),
    reads=(
        "authorization:RoleAssignment:scope",
        "authorization:RoleAssignment:principalId",
        "authorization:RoleAssignment:principalType",
        f"{RECORD}:storageId",
    ),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.08", "2.2.10", "3.2.03"), ncsc=("3",), iso27001=("5.15",), five_safes=("people", "projects")
    ),
    fix="Take the other groups' roles away, and hand over by an airlock what they were granted.",
    check=check,
    applies=lambda store, context: not is_airlock(store, context) and not is_intake(store, context),
    scope="stack",
)
