"""IA6: a role on a whole resource group is for one group of people: those who look after it."""

from __future__ import annotations

from collections.abc import Iterator

from policies.facts import ids
from policies.facts.properties import word
from policies.facts.roles import ASSIGNMENTS
from policies.model import Controls, Estate, Policy, Problem, Resource, Severity, Unknown


def judge(assignment: Resource, estate: Estate) -> Iterator[Problem]:
    """Everybody else has roles on the things that they use."""
    scope = ids.plain(assignment.at("scope"))
    if scope != ids.resource_group(scope) or word(assignment, "principalType") == "serviceprincipal":
        return
    others = [other for other in estate.beside(assignment, *ASSIGNMENTS) if _on(other, scope, assignment)]
    if others:
        yield Problem("scope", f"is a whole resource group, as that of {', '.join(o.name for o in others)}; one may be")


def _on(other: Resource, scope: str, assignment: Resource) -> bool:
    """Whether it gives somebody else a role on the same whole group."""
    if other is assignment or word(other, "principalType") == "serviceprincipal":
        return False
    try:
        return ids.plain(other.at("scope")) == scope and other.at("principalId") != assignment.at("principalId")
    except Unknown:
        return ids.plain(other.at("scope")) == scope


POLICY = Policy(
    id="IA6",
    title="One group of people at most sees a whole resource group",
    why="A role on a group of resources holds for what is added later, which nobody thought of when it was given.",
    on=ASSIGNMENTS,
    reads=("scope", "principalId", "principalType"),
    severity=Severity.MEDIUM,
    controls=Controls(satre=("3.2.03",), ncsc=("9",), iso27001=("5.15", "8.2"), five_safes=("people",)),
    fix="Give the role on the resource that is used, such as the Bastion or the computer.",
    judge=judge,
    scope="stack",
)
