"""The meaning of a changed property by the requirements that policies declare on it: no longer met, met again, met
by a weaker or stronger value, or a control that the estate may choose, given up or added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from formats.property_changes import PropertyChange
from formats.property_paths import parse
from operations.diffs.meaning import BROKEN, MENDED, ORDER
from operations.diffs.model import Sense
from operations.diffs.readers import place_of, touches
from policies.azure_semantics.properties import same
from policies.concerns import Concern, concern_of
from policies.model import Policy, PolicyContext, Resource, Unknown, Verdict
from policies.requirements import Operator, Requirement
from policies.runner import findings_of
from policies.violations import violations

_SHORTER = "Keeps data for a shorter time, as far as this allows: {title}"
_LONGER = "Keeps data for a longer time: {title}"


def by_requirements(
    change: PropertyChange, before: Resource, after: Resource, policies: Sequence[Policy]
) -> Sense | None:
    """Return the meaning by the first of the meanings that these policies give; None where none gives any.

    `policies`: those that read the property and do not refuse it.
    """
    found = [sense for policy in policies for sense in _of_policy(policy, change, before, after)]
    return min(found, key=lambda sense: ORDER[sense.meaning], default=None)


def _of_policy(policy: Policy, change: PropertyChange, before: Resource, after: Resource) -> Iterator[Sense]:
    concern, place = concern_of(policy.id), place_of(change)
    for requirement in policy.requirements:
        if touches(parse(requirement.path), place):
            yield from _of_requirement(policy, requirement, change, before, after)
    for control in policy.optional_controls:
        if touches(parse(control.path), place):
            yield from _of_optional(policy, control, before, after)
    if _held(policy, before) is False and _held(policy, after):
        yield Sense(MENDED[concern], f"Holds again: {policy.title}", (policy.id,))
    if concern is Concern.DATA and _is_number(change.before) and _is_number(change.after):
        shorter = change.after < change.before
        text = (_SHORTER if shorter else _LONGER).format(title=policy.title)
        yield Sense((BROKEN if shorter else MENDED)[concern], text, (policy.id,))


def _of_requirement(
    policy: Policy, requirement: Requirement, change: PropertyChange, before: Resource, after: Resource
) -> Iterator[Sense]:
    """Yield the meaning of a requirement. An exception that the estate permits is a weakening all the same."""
    concern, plain = concern_of(policy.id), replace(requirement, unless=None)
    met_before, met_after = _met(plain, before), _met(plain, after)
    if met_before and met_after is False:
        yield Sense(BROKEN[concern], f"An exception, as the estate permits: {policy.title}", (policy.id,))
    elif met_before is False and met_after:
        yield Sense(MENDED[concern], f"Holds again: {policy.title}", (policy.id,))
    elif met_before and met_after:
        old, new = _rank(requirement, change.before), _rank(requirement, change.after)
        if old is not None and new is not None and old != new:
            word = "Stricter" if new > old else "Less strict, though permitted"
            yield Sense((MENDED if new > old else BROKEN)[concern], f"{word}: {policy.title}", (policy.id,))


def _of_optional(policy: Policy, control: Requirement, before: Resource, after: Resource) -> Iterator[Sense]:
    """Yield the meaning of a control that the estate may choose, where it is given up or added."""
    concern, had, has = concern_of(policy.id), _met(control, before), _met(control, after)
    if had and has is False:
        yield Sense(BROKEN[concern], f"Gives up an optional control: {policy.title}", (policy.id,))
    elif had is False and has:
        yield Sense(MENDED[concern], f"Adds an optional control: {policy.title}", (policy.id,))


def _met(requirement: Requirement, resource: Resource) -> bool | None:
    """Return True if a resource meets a requirement; None where that is not known."""
    try:
        return not any(True for _ in violations(requirement, resource))
    except (Unknown, TypeError, ValueError):
        return None


def _held(policy: Policy, resource: Resource) -> bool | None:
    """Return True if a policy holds on one resource; None if it reads others too, or where that is not known."""
    if policy.evaluation_scope != "resource" or policy.needs_config:
        return None
    verdicts = {finding.verdict for finding in findings_of(policy, resource, PolicyContext([resource]))}
    return None if Verdict.UNKNOWN in verdicts else Verdict.FAIL not in verdicts


def _rank(requirement: Requirement, value: object) -> float | None:
    """Return the strength of a value of a requirement whose values have an order."""
    if requirement.operator is Operator.AT_LEAST and isinstance(value, int | float):
        return float(value)
    if requirement.ordered:
        return next((float(i) for i, one in enumerate(requirement.values) if same(value, one)), None)
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
