"""AL1: an airlock's stages lie in stores of their own: who brings, who releases and who fetches are three."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.azure_semantics import ids
from policies.azure_semantics.blob_grants import BlobGrant, grants_on
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

STORE, CONTAINER = "storage:StorageAccount", "storage:BlobContainer"
ASKED, RELEASED = "asked", "released"
STAGES = (ASKED, RELEASED)
"""What the one container of a stage's store is called: nothing else tells one stage from the other."""


def check(store: Resource, context: PolicyContext) -> Iterator[Violation]:
    """One writes a stage, another takes from it; who takes from the first is who writes the second, of one airlock."""
    grants = list(grants_on(store, context))
    for grant in grants:
        if not grant.container:
            yield _problem(grant, "holds for the whole store, whatever will lie in it")
    held = sorted({*_containers(store, context), *(grant.container for grant in grants if grant.container)})
    if len(held) != 1 or held[0] not in STAGES:
        found = ", ".join(held) or "nothing"
        yield Violation("", f"holds {found}; each stage has a store of its own, with one container, asked or released")
        return
    writes, reads = _split(grants)
    yield from _one(writes, "writes", held[0])
    yield from _one(reads, "takes from", held[0])
    for writer in writes:
        for reader in reads:
            if writer.principal.same_as(reader.principal):
                yield _problem(reader, f"lets one and the same write {held[0]} and take from it")
    if len(writes) == len(reads) == 1:
        yield from _alone(store, context, held[0], writes[0] if held[0] == RELEASED else reads[0])


def _one(grants: Sequence[BlobGrant], does: str, stage: str) -> Iterator[Violation]:
    if not grants:
        yield Violation("", f"nobody {does} {stage} by a role on that stage alone: who does holds more than it")
    for grant in grants[1:]:
        yield _problem(grant, f"is one of several that let somebody do what one may: that {does} {stage}")


def _alone(store: Resource, context: PolicyContext, stage: str, releaser: BlobGrant) -> Iterator[Violation]:
    """Who releases takes from exactly one stage that was asked for, and writes exactly one that is released."""
    other = RELEASED if stage == ASKED else ASKED
    pairs = 0
    for candidate in context.same_stack(store, STORE):
        if candidate is not store and other in _containers(candidate, context):
            writes, reads = _split(grants_on(candidate, context))
            granted = writes if other == RELEASED else reads
            if any(grant.principal.same_as(releaser.principal) for grant in granted):
                pairs += 1
    if pairs != 1:
        does = "writes" if other == RELEASED else "takes from"
        yield _problem(
            releaser, f"is of who releases, and {does} {pairs} stages called {other}; exactly one it must be"
        )


def _split(grants: Iterator[BlobGrant] | Sequence[BlobGrant]) -> tuple[list[BlobGrant], list[BlobGrant]]:
    """Who writes, and who takes only, of those who were granted a container."""
    staged = [grant for grant in grants if grant.container]
    return [grant for grant in staged if grant.writes], [grant for grant in staged if not grant.writes]


def _containers(store: Resource, context: PolicyContext) -> set[str]:
    """The names of the containers that are declared in a store."""
    inside = f"{ids.own(store)}/"
    return {ids.name(c.id) for c in context.same_stack(store, CONTAINER) if c.id and ids.plain(c.id).startswith(inside)}


def is_stage(store: Resource, context: PolicyContext) -> str:
    """The stage of an airlock that a store holds, by its containers; empty for a store of another kind."""
    found = _containers(store, context)
    return next((stage for stage in STAGES if stage in found), "")


def is_airlock(store: Resource, context: PolicyContext) -> bool:
    """Whether a store holds a stage, or is granted container by container with some to read: a passage."""
    if is_stage(store, context):
        return True
    return any(grant.container and not grant.writes for grant in grants_on(store, context))


def _problem(grant: BlobGrant, message: str) -> Violation:
    return Violation("", f"the role {grant.assignment.name} {message}")


POLICY = Policy(
    id="AL1",
    title="An airlock's stages are apart, and so are who brings, who releases and who fetches",
    why="Whoever can move data through both stages takes out what nobody has checked. In one store a single wrong "
    "role, or a single open door, reaches both.",
    on=(STORE,),
    reads=(
        "authorization:RoleAssignment:scope",
        "authorization:RoleAssignment:principalId",
        "authorization:RoleAssignment:roleDefinitionId",
        f"{CONTAINER}:containerName",
    ),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("3.1.04", "3.1.05", "3.1.06", "3.1.12", "3.3.05"),
        ncsc=("3", "11"),
        iso27001=("5.3", "5.14"),
        five_safes=("outputs", "data"),
    ),
    fix="Make two stores, with one container each, asked and released. Bringing writes the first, releasing reads that "
    "and writes the second, fetching reads the second: each by a role on that container, and nobody else has one.",
    check=check,
    applies=is_airlock,
    scope="stack",
)
