"""The meaning of each step of a plan: by the policies that it breaks, by what it opens or grants, by the requirements
on it, and else by the policies that read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from formats.plan import Operation, Plan, PlannedResource
from formats.property_changes import PropertyChange, changes_of
from formats.urns import plain_type
from operations.diffs.consequences import (
    changes_price,
    consequence_of_property,
    days_of_lifecycle,
    loss_of_resource,
)
from operations.diffs.meaning import BROKEN, HELD, MENDED, ORDER, Meaning
from operations.diffs.model import Sense, Step
from operations.diffs.readers import Readers, place_of
from operations.diffs.requirements import by_requirements
from operations.diffs.rights import right_of_property, right_of_resource
from operations.diffs.text import kind_of
from operations.diffs.verdicts import Attribution, broken, deployed_resource
from operations.diffs.ways import way_of_property, way_of_resource
from policies.azure_semantics.role_assignments import ASSIGNMENTS
from policies.concerns import EXPIRY_TAG, Concern, concern_of
from policies.model import Policy, resource_of

_OPERATIONS: Mapping[Operation, str] = {
    Operation.CREATE: "New",
    Operation.IMPORT: "Takes over existing",
    Operation.DELETE: "Removes",
    Operation.REPLACE: "Replaces",
    Operation.UPDATE: "Updates, without a changed property,",
}


def steps_of_plan(plan: Plan) -> list[Step]:
    """Return the changes of a plan: one for each property of an updated resource, and one for each other resource.

    A replaced resource has both. That of a role assignment is one right, so its properties are no changes of their own.
    """
    gone = (r.urn for r in plan.changes if r.operation is Operation.DELETE and not r.retain_on_delete)
    deleted = frozenset(gone)
    return [replace(step, deleted=deleted) for resource in plan.changes for step in _steps(plan.stack, resource)]


def _steps(stack: str, resource: PlannedResource) -> Iterator[Step]:
    right = plain_type(resource.type) in ASSIGNMENTS
    changes = () if right and resource.operation is not Operation.UPDATE else changes_of(resource)
    if resource.operation is not Operation.UPDATE or not changes:
        yield Step(stack, resource)
    yield from (Step(stack, resource, change) for change in changes if resource.operation is not Operation.DELETE)


def sense_of(step: Step, attribution: Attribution, readers: Readers, names: Mapping[str, str]) -> Sense:
    """Return what a step means. `names`: of groups, by object id in lower case."""
    findings = attribution.of(step)
    refused = broken(findings, readers.policies) if findings else None
    if step.change is not None and refused:
        days = days_of_lifecycle(step, step.change)
        return replace(refused, sentence=f"{days}. {refused.sentence}") if days else refused
    if step.change is not None:
        return _of_property(step, step.change, readers, names)
    senses = (way_of_resource(step), right_of_resource(step, names), loss_of_resource(step))
    plain = next((sense for sense in senses if sense), None) or _plain(step)
    if refused is None:
        return plain
    return Sense(_of_both(plain.meaning, refused.meaning), f"{plain.sentence}. {refused.sentence}", refused.rules)


def _of_both(plain: Meaning, refused: Meaning) -> Meaning:
    """Return the meaning of a change of a whole resource that a policy refuses."""
    if plain.weakens:
        return plain
    revokes = plain is Meaning.REVOKES_RIGHT and refused is Meaning.GRANTS_RIGHT
    return Meaning.WEAKENS_CONTROL if revokes else refused


def _plain(step: Step) -> Sense:
    noun = kind_of(step.resource.type) if step.resource.custom else "component"
    return Sense(Meaning.HOUSEKEEPING, f"{_OPERATIONS[step.resource.operation]} {noun}")


def _of_property(step: Step, change: PropertyChange, readers: Readers, names: Mapping[str, str]) -> Sense:
    policies = readers.of(plain_type(step.resource.type), place_of(change))
    planned = resource_of(step.resource, stack=step.stack)
    senses = (
        way_of_property(step, change),
        right_of_property(step, change, policies, names),
        by_requirements(change, deployed_resource(step), planned, policies),
        consequence_of_property(step, change),
        _expiry(change),
    )
    found = min((sense for sense in senses if sense), key=lambda sense: ORDER[sense.meaning], default=None)
    if found:
        return found if found.rules else replace(found, rules=_about(found.meaning, policies))
    if changes_price(step.resource) and not policies:
        return Sense(Meaning.CHANGES_COST, "Changes what Azure bills")
    return _held(policies)


def _about(meaning: Meaning, policies: Sequence[Policy]) -> tuple[str, ...]:
    """Return the policies on a stack whose concern is what a meaning is about."""
    narrow = [policy.id for policy in policies if policy.evaluation_scope != "estate"]
    return tuple(id_ for id_ in narrow if meaning in (BROKEN[c := concern_of(id_)], MENDED[c], HELD[c]))


def _expiry(change: PropertyChange) -> Sense | None:
    if change.path != ("tags", EXPIRY_TAG):
        return None
    return Sense(Meaning.MOVES_EXPIRY, "Moves the day on which the approval ends")


def _held(policies: Sequence[Policy]) -> Sense:
    """Return the meaning of a property that policies read and that breaks none of them."""
    if not policies:
        return Sense(Meaning.HOUSEKEEPING, "Changes a property that no policy reads")
    first = min(policies, key=lambda policy: (ORDER[HELD[concern_of(policy.id)]], policy.evaluation_scope == "estate"))
    ids = tuple(policy.id for policy in policies)
    meaning = HELD[concern_of(first.id)]
    if meaning is Meaning.HOUSEKEEPING:
        return Sense(meaning, "Changes a label", ids)
    if first.evaluation_scope == "estate":  # another report has its verdict, if all stacks are planned together
        return Sense(meaning, f"Concerns: {first.title}", ids)
    text = "Moves a date" if concern_of(first.id) is Concern.EXPIRY else "Within the rule"
    return Sense(meaning, f"{text}: {first.title}", ids)
