"""The two stages of an airlock are separate stores, with separate submitters, reviewers and recipients (AL1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.azure_semantics.assigned_identities import ASSIGNED, assigned_identities
from policies.azure_semantics.blob_grants import BlobGrant, grants_on
from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_assignments import assignment_paths
from policies.expected.entitlements import Identity
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.airlocks import APPROVED, PENDING, STAGES, containers_of, is_airlock
from policies.rule_helpers.entitlements import identity_of

STORE, CONTAINER = "storage:StorageAccount", "storage:BlobContainer"
MACHINE = "compute:VirtualMachine"
PUBLIC = "publicNetworkAccess"


def check(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require one writer and another reader of each stage. The reader of the first is the writer of the second."""
    grants = list(grants_on(store, context))
    for grant in grants:
        if not grant.container:
            yield _violation(grant, "is on the whole store, so it covers containers that are added later")
    containers = sorted({*containers_of(store, context), *(grant.container for grant in grants if grant.container)})
    if len(containers) != 1 or containers[0] not in STAGES:
        found = ", ".join(containers) or "nothing"
        yield Violation("", f"has the containers {found}; a stage's store has exactly one, asked or released")
        return
    stage = containers[0]
    writes, reads = (_desks_as_one(found, store, context) for found in _writes_and_reads(grants))
    # Recipients outside, who come from public addresses, read beside the recipient inside.
    readers = 2 if stage == APPROVED and lower_text(store, PUBLIC) == "enabled" else 1
    yield from _check_number(writes, "write", stage)
    yield from _check_number(reads, "read", stage, readers)
    for writer in writes:
        for reader in reads:
            if writer.principal.same_as(reader.principal):
                yield _violation(reader, f"lets the same principal write and read {stage}")
    if len(writes) == 1 and 1 <= len(reads) <= readers:
        yield from _check_reviewer(store, context, stage, writes[0] if stage == APPROVED else reads[0])


def _desks_as_one(grants: Sequence[BlobGrant], store: Resource, context: PolicyContext) -> list[BlobGrant]:
    """Return the grants with those of desks as one: the desks of a project submit and fetch side by side."""
    desks = _desk_identities(store, context)
    of_desks = [grant for grant in grants if identity_of(grant.principal, context) in desks]
    return [grant for grant in grants if grant not in of_desks[1:]]


def _desk_identities(store: Resource, context: PolicyContext) -> frozenset[Identity]:
    """Return the user-assigned identities of the virtual machines of a store's stack, computed once."""

    def compute() -> frozenset[Identity]:
        attached = [context.get(id_) for one in context.same_stack(store, MACHINE) for id_ in assigned_identities(one)]
        return frozenset(Identity(one.stack, one.name) for one in attached if one and one.stack == store.stack)

    return context.once(("identities of desks", store.stack), compute)


def _check_number(grants: Sequence[BlobGrant], verb: str, stage: str, most: int = 1) -> Iterator[Violation]:
    if not grants:
        yield Violation("", f"no role on that container alone lets a principal {verb} {stage}")
    for grant in grants[most:]:
        yield _violation(grant, f"is one of several with which a principal {verb}s {stage}; at most {most} may")


def _check_reviewer(store: Resource, context: PolicyContext, stage: str, reviewer: BlobGrant) -> Iterator[Violation]:
    """Require that the reviewer reads exactly one container asked, and writes exactly one released."""
    other_stage = APPROVED if stage == PENDING else PENDING
    count = 0
    for candidate in context.same_stack(store, STORE):
        if candidate is not store and other_stage in containers_of(candidate, context):
            writes, reads = _writes_and_reads(grants_on(candidate, context))
            granted = writes if other_stage == APPROVED else reads
            if any(grant.principal.same_as(reviewer.principal) for grant in granted):
                count += 1
    if count != 1:
        does = "writes" if other_stage == APPROVED else "reads"
        yield _violation(
            reviewer, f"is the reviewer's, who {does} {count} containers called {other_stage}; it must be exactly one"
        )


def _writes_and_reads(grants: Iterator[BlobGrant] | Sequence[BlobGrant]) -> tuple[list[BlobGrant], list[BlobGrant]]:
    """Return the grants on containers that permit writing, and those that only permit reading."""
    on_containers = [grant for grant in grants if grant.container]
    return [grant for grant in on_containers if grant.writes], [grant for grant in on_containers if not grant.writes]


def _violation(grant: BlobGrant, message: str) -> Violation:
    return Violation("", f"the role {grant.assignment.name} {message}")


POLICY = Policy(
    id="AL1",
    title="The two stages of an airlock are separate stores, with separate submitters, reviewers and recipients",
    why="A principal that can move data through both stages can take out data that was not checked. In one "
    "store, a single wrong role or network rule exposes both stages.",
    resource_types=(STORE,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("3.1.04", "3.1.05", "3.1.06", "3.1.12", "3.3.05"),
        ncsc=("3", "11"),
        caf=("B2.d", "B4.a", "E3.b"),
        iso27001=("5.3", "5.14"),
        five_safes=("outputs", "data"),
    ),
    fix="Make two stores with one container each, asked and released. The submitter writes the first, the "
    "reviewer reads the first and writes the second, the recipient reads the second: each by a role on that "
    "container, and no other principal has one, except recipients who come from public addresses.",
    check=check,
    check_paths=(
        f"{MACHINE}:{ASSIGNED}",
        *assignment_paths("scope", "principalId", "roleDefinitionId"),
        f"{CONTAINER}:containerName",
        PUBLIC,
    ),
    applies=is_airlock,
    evaluation_scope="stack",
)
