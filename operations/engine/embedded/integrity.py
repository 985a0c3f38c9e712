"""Integrity checks of a state's resources, the same that the Pulumi CLI makes when it reads a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def ordered(resources: Sequence[Resource]) -> list[Resource]:
    """Sort the resources topologically, keeping their order where possible.

    Missing references are ignored here: `verify` reports them.
    """
    by_urn: dict[str, list[Resource]] = {}
    for resource in resources:
        by_urn.setdefault(resource.urn, []).append(resource)
    result: list[Resource] = []
    done: set[int] = set()
    for resource in resources:
        _place(resource, by_urn, done, result)
    return result


def _place(resource: Resource, by_urn: dict[str, list[Resource]], done: set[int], result: list[Resource]) -> None:
    """Depth-first search with an explicit stack: chains of dependencies may exceed Python's recursion limit."""
    waiting = [(resource, False)]
    while waiting:
        present, ready = waiting.pop()
        if ready:
            result.append(present)
        elif id(present) not in done:
            done.add(id(present))
            waiting.append((present, True))
            before = [r for urn in references(present) for r in by_urn.get(urn, ()) if id(r) not in done]
            waiting.extend((r, False) for r in reversed(before))


def _verify_one(resource: Resource, file: str) -> None:
    if not resource.urn or not resource.type:
        problem = "The state is damaged: a resource has no URN or no type"
        raise InputError(problem, file=file, key=resource.urn or None, fix=_FIX)
    if not is_urn(resource.urn):
        problem = "The state is damaged: this is not a URN"
        raise InputError(
            problem, file=file, key=resource.urn, allowed="urn:pulumi:stack::project::type::name", fix=_FIX
        )
    if resource.id and not resource.custom:
        raise InputError("The state is damaged: a component has an id", file=file, key=resource.urn, fix=_FIX)
