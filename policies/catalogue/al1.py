"""AL1: an airlock's stages are apart: who brings, who releases and who fetches are three, each with one role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from policies.facts.grants import Grant, grants_on
from policies.model import Controls, Estate, Policy, Problem, Resource, Severity

STORE = "storage:StorageAccount"


def judge(store: Resource, estate: Estate) -> Iterator[Problem]:
    """The releaser reads what was asked for and writes what is released; nobody else may do either of the two."""
    grants = list(grants_on(store, estate))
    for grant in grants:
        if not grant.container:
            yield _problem(grant, "holds for the whole store, and so for both stages of the airlock")
    staged = [grant for grant in grants if grant.container]
    for one, other in combinations(staged, 2):
        yield from _together(one, other)
    releasers = [grant for grant in staged if grant.writes and _reads_elsewhere(grant, staged)]
    if len(releasers) != 1:
        found = ", ".join(grant.assignment.name for grant in releasers) or "nobody"
        yield Problem("", f"exactly one must read one stage and write another, who releases; that is {found}")
    for releaser in releasers[:1]:
        yield from _unreleased(releaser, staged)
    for stage in sorted({grant.container for grant in staged}):
        if not any(grant.writes and grant.container == stage for grant in staged):
            yield Problem("", f"nobody writes {stage} by a role on that stage alone: who does holds more than it")


def _together(one: Grant, other: Grant) -> Iterator[Problem]:
    """What two roles must not do at once."""
    same_stage, alike = one.container == other.container, one.holder.same_as(other.holder)
    if same_stage and one.writes and other.writes:
        yield _problem(other, f"is one of several that write {other.container}: somebody fills a stage who must not")
    elif same_stage and alike:
        yield _problem(other, f"lets one and the same write {other.container} and take from it")
    elif alike and one.writes and other.writes:
        yield _problem(other, f"lets one and the same write both {one.container} and {other.container}")
    elif alike and not one.writes and not other.writes:
        yield _problem(other, f"lets who takes from {one.container} see {other.container} too, released or not")


def _unreleased(releaser: Grant, staged: Sequence[Grant]) -> Iterator[Problem]:
    """Only who releases takes from the stage that they check."""
    checked = {g.container for g in staged if not g.writes and g.holder.same_as(releaser.holder)}
    for grant in staged:
        if not grant.writes and grant.container in checked and not grant.holder.same_as(releaser.holder):
            yield _problem(grant, f"lets somebody take from {grant.container} what is not released")


def _reads_elsewhere(grant: Grant, staged: Sequence[Grant]) -> bool:
    return any(not g.writes and g.container != grant.container and g.holder.same_as(grant.holder) for g in staged)


def is_airlock(store: Resource, estate: Estate) -> bool:
    """Whether the containers of a store are granted one by one, some for reading: a passage between stages."""
    grants: Sequence[Grant] = [grant for grant in grants_on(store, estate) if grant.container]
    return any(not grant.writes for grant in grants)


def _problem(grant: Grant, message: str) -> Problem:
    return Problem("", f"the role {grant.assignment.name} {message}")


POLICY = Policy(
    id="AL1",
    title="Who brings, who releases and who fetches are never the same in an airlock",
    why="Whoever can move data through both stages takes out what nobody has checked.",
    on=(STORE,),
    reads=(
        "authorization:RoleAssignment:scope",
        "authorization:RoleAssignment:principalId",
        "authorization:RoleAssignment:roleDefinitionId",
    ),
    severity=Severity.CRITICAL,
    controls=Controls(
        satre=("3.1.04", "3.1.05", "3.1.06", "3.1.12", "3.3.05"),
        ncsc=("3", "11"),
        iso27001=("5.3", "5.14"),
        five_safes=("outputs", "data"),
    ),
    fix="Give each of the three its own role on its own container: bringing writes the first, releasing reads that "
    "and writes the second, fetching reads the second.",
    judge=judge,
    applies=is_airlock,
    scope="stack",
)
