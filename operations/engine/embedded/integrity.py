"""The consistency of a state's resources: checked as the Pulumi CLI does when it reads a file, and restored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from formats.errors import InputError
from formats.urns import is_urn, provider_urn
from operations.engine.embedded.model import Resource

_FIX = "restore the file from its .bak or from the history, or repair it with `pulumi state repair`"


def references(resource: Resource) -> Iterator[str]:
    """Yield the URNs that must precede the resource: parent, provider, dependencies and `deletedWith`."""
    if resource.parent:
        yield resource.parent
    if resource.provider and not resource.pending_replacement:
        yield provider_urn(resource.provider)
    yield from resource.dependencies
    for dependencies in resource.property_dependencies.values():
        yield from dependencies
    if resource.deleted_with:
        yield resource.deleted_with


def verify(resources: Sequence[Resource], *, file: str) -> None:
    """Raise `InputError` unless every URN is unique and precedes the resources that refer to it."""
    everywhere = {r.urn for r in resources}
    seen: set[str] = set()
    live: set[str] = set()
    for resource in resources:
        _verify_one(resource, file)
        for urn in references(resource):
            if urn not in seen:
                where = "which comes after it" if urn in everywhere else "which does not exist"
                problem = f"The state is damaged: a resource refers to {urn}, {where}"
                raise InputError(problem, file=file, key=resource.urn, fix=_FIX)
        if not resource.delete and resource.urn in live:
            raise InputError("The state is damaged: a resource occurs twice", file=file, key=resource.urn, fix=_FIX)
        seen.add(resource.urn)
        if not resource.delete:
            live.add(resource.urn)


def consistent(
    registered: Iterable[Resource], previous: Iterable[Resource], renamed: Mapping[str, str]
) -> list[Resource]:
    """Return all resources in topological order, without references to deleted resources.

    In the `previous` ones, references to `renamed` URNs are replaced by the new URNs.
    """
    registered, previous = list(registered), list(previous)
    urns = {r.urn for r in (*registered, *previous)}
    repaired = [_repaired(r, urns, {}) for r in registered] + [_repaired(r, urns, renamed) for r in previous]
    return ordered(repaired)


def _repaired(resource: Resource, urns: set[str], renamed: Mapping[str, str]) -> Resource:
    refers_to = set(references(resource))
    if refers_to <= urns and refers_to.isdisjoint(renamed):
        return resource

    def current(references: Iterable[str]) -> list[str]:
        return [urn for urn in (renamed.get(r, r) for r in references) if urn in urns]

    provider, separator, id_ = resource.provider.rpartition("::")
    by_property = {k: current(v) for k, v in resource.property_dependencies.items()}
    return replace(
        resource,
        parent="".join(current([resource.parent])),
        provider=renamed.get(provider, provider) + separator + id_,
        dependencies=current(resource.dependencies),
        property_dependencies={k: v for k, v in by_property.items() if v},
        deleted_with="".join(current([resource.deleted_with])),
    )


def ordered(resources: Sequence[Resource]) -> list[Resource]:
    """Sort the resources topologically, keeping their order where possible.

    Missing references are ignored here: `verify` reports them.
    """
    by_urn: dict[str, list[Resource]] = {}
    for resource in resources:
        by_urn.setdefault(resource.urn, []).append(resource)
    result: list[Resource] = []
    visited: set[int] = set()
    # Depth-first search with an explicit stack: chains of dependencies may exceed Python's recursion limit.
    waiting = [(resource, False) for resource in reversed(resources)]
    while waiting:
        present, ready = waiting.pop()
        if ready:
            result.append(present)
        elif id(present) not in visited:
            visited.add(id(present))
            waiting.append((present, True))
            before = [r for urn in references(present) for r in by_urn.get(urn, ()) if id(r) not in visited]
            waiting.extend((r, False) for r in reversed(before))
    return result


def _verify_one(resource: Resource, file: str) -> None:
    problem = ""
    if not resource.urn or not resource.type:
        problem = "a resource has no URN or no type"
    elif not is_urn(resource.urn):
        problem = "this is not a URN, which has the form urn:pulumi:stack::project::type::name"
    elif resource.id and not resource.custom:
        problem = "a component has an id"
    if problem:
        raise InputError(f"The state is damaged: {problem}", file=file, key=resource.urn or None, fix=_FIX)
