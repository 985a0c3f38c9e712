"""Whether a plan touches what rights, network ways and forbidden flows depend on. Most plans touch nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from formats.plan import Operation, Plan, PlannedResource
from formats.property_paths import parse
from formats.urns import plain_type
from operations.access.things import TYPES
from policies.estate_view import TYPES_WITHOUT_PROPERTIES
from policies.reachability.flow_paths import FLOW_PATHS

_RIGHTS = (
    "authorization:RoleAssignment:condition",
    "authorization:PimRoleEligibilitySchedule:condition",
    "authorization:PimRoleEligibilitySchedule:scheduleInfo",
    "authorization:RoleDefinition:roleName",
)
"""The properties that rights depend on, beside those of the flows."""


def may_change_flows(plan: Plan) -> bool:
    """True if a plan changes something that the forbidden flows depend on."""
    return any(_touches(resource, _first_steps(FLOW_PATHS)) for resource in plan.changes)


def may_change_access(plan: Plan) -> bool:
    """True if a plan changes something that accesses depend on."""
    read = _first_steps((*FLOW_PATHS, *_RIGHTS))
    return any(_touches(one, read) or (plain_type(one.type) in TYPES and _comes_or_goes(one)) for one in plan.changes)


@cache
def _first_steps(paths: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return the first step of each property path, by type."""
    found: dict[str, set[str]] = {type_: set() for type_ in TYPES_WITHOUT_PROPERTIES}
    for path in paths:
        type_, _, inner = path.rpartition(":")
        if type_:
            found.setdefault(type_, set()).add(str(parse(inner)[0]))
    return {type_: frozenset(steps) for type_, steps in found.items()}


def _touches(resource: PlannedResource, read: Mapping[str, frozenset[str]]) -> bool:
    steps = read.get(plain_type(resource.type))
    if steps is None:
        return False
    return _comes_or_goes(resource) or any(str(parse(path)[0]) in steps for path in resource.changed)


def _comes_or_goes(resource: PlannedResource) -> bool:
    return resource.operation is not Operation.UPDATE
