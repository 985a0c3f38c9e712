"""Check one resource by one policy: its requirements on properties first, then its function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.azure_semantics import properties
from policies.model import MISSING, Policy, PolicyContext, Resource, Violation
from policies.requirements import Operator, Requirement


def violations_of(policy: Policy, resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Yield the violations of one policy. `Unknown` at the first value that is not known yet."""
    for requirement in policy.requires:
        yield from violations(requirement, resource)
    if policy.check is not None:
        yield from policy.check(resource, context)


def violations(requirement: Requirement, resource: Resource) -> Iterator[Violation]:
    """Yield the violations of one requirement; none on a resource of a type that it does not apply to."""
    if not requirement.applies_to(resource.type) or _is_excused(requirement, resource):
        return
    for path in _paths(resource, requirement.path):
        yield from violations_at(path, requirement, resource)


def _is_excused(requirement: Requirement, resource: Resource) -> bool:
    path, values = requirement.unless or ("", ())
    found = resource.name if path == "name" else resource.at(path) if path else MISSING
    return any(properties.same(found, value) for value in values)


def _paths(resource: Resource, path: str) -> Sequence[str]:
    """Return the path of each entry where the path goes through a list."""
    before, list_, after = path.partition("[*]")
    if not list_:
        return [path]
    return [inner for entry in properties.entries(resource, before) for inner in _paths(resource, f"{entry}{after}")]


def violations_at(path: str, requirement: Requirement, resource: Resource) -> Iterator[Violation]:
    """Yield the violations of a requirement at a path, which may be another than its own: that of an inline subnet."""
    default = MISSING if requirement.default is None else requirement.default
    match requirement.operator:
        case Operator.EQUALS:
            return properties.require(resource, path, *requirement.values, default=default)
        case Operator.EQUALS_IF_SET:
            return properties.require_if_set(resource, path, *requirement.values)
        case Operator.EMPTY:
            return properties.require_unset(resource, path, requirement.reason)
        case Operator.NOT_EMPTY:
            return properties.require_text(resource, path, default=default)
        case Operator.AT_LEAST:
            (least,) = requirement.values
            return properties.require_at_least(resource, path, least, requirement.unit, default=default)
