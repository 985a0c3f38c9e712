"""At most one group of people has access to the data in a store (AL3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.blob_grants import grants_on
from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_assignments import Principal, assignment_paths
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.airlocks import is_airlock, is_intake

STORE, FLOW_LOG = "storage:StorageAccount", "network:FlowLog"


def check(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Count groups of people only, not managed identities."""
    people: list[Principal] = []
    for grant in grants_on(store, context):
        is_machine = lower_text(grant.assignment, "principalType") == "serviceprincipal"
        if not is_machine and not any(holder.same_as(grant.principal) for holder in people):
            people.append(grant.principal)
    has_flow_logs = bool(context.referencing(FLOW_LOG, "storageId", store))
    if has_flow_logs and people:
        yield Violation("", "holds flow logs, and people have roles on its blobs")
    elif len(people) > 1:
        yield Violation("", f"{len(people)} groups of people have roles on its blobs; at most one may")


POLICY = Policy(
    id="AL3",
    title="At most one group of people has access to the data in a store",
    why="Two projects that can read one store are in effect one project, although they were approved separately.",
    resource_types=(STORE,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.08", "2.2.10", "3.2.03"),
        ncsc=("3",),
        caf=("B2.d",),
        cyber_essentials=("4.1",),
        iso27001=("5.15",),
        five_safes=("people", "projects"),
    ),
    fix="Remove the other groups' roles, and give them the data through an airlock.",
    check=check,
    check_paths=(
        *assignment_paths("scope", "principalId", "principalType", "roleDefinitionId"),
        f"{FLOW_LOG}:storageId",
    ),
    applies=lambda store, context: not is_airlock(store, context) and not is_intake(store, context),
    evaluation_scope="stack",
)
