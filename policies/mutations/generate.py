"""Generate every mutant of an estate from the tables, in the order of its resources."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

from formats.plan import UNKNOWN
from formats.property_paths import PropertyPath, get, join, put, without
from policies.model import PolicyContext, Resource, Unknown
from policies.mutations.model import Addition, Mutant, Removal, Rework, Table, Weakening
from policies.mutations.paths import has_value, places
from policies.mutations.table import ADDITIONS, COMMON_WEAKENINGS, TABLES

MAX_LABEL_LENGTH = 70
T = TypeVar("T")


def mutants(estate: PolicyContext, stacks: Collection[str] | None = None) -> Iterator[Mutant]:
    """Yield every mutant of the resources of some stacks (None: all), then every addition to each stack."""
    for resource in estate.resources:
        if stacks is None or resource.stack in stacks:
            yield from _of(resource, estate)
    for stack in dict.fromkeys(r.stack for r in estate.resources):
        if stacks is None or stack in stacks:
            yield from (m for addition in ADDITIONS for m in _added(addition, estate, stack))


def _of(resource: Resource, estate: PolicyContext) -> Iterator[Mutant]:
    table = TABLES.get(resource.type)
    if table is None:
        return
    seen: set[str] = set()
    for weakening in (*table.weakenings, *COMMON_WEAKENINGS):
        if not _applies(weakening, resource, estate):
            continue
        weaker = (
            _from_rework(weakening, resource) if isinstance(weakening, Rework) else _weaker(weakening, resource, estate)
        )
        for mutant in weaker:
            if mutant.label not in seen:
                seen.add(mutant.label)
                yield mutant
    yield from _weaker_options(resource, table)
    if table.removal and _applies(table.removal, resource, estate):
        yield _mutant(resource, None, "removed", table.removal.harm)


def _applies(weakening: Weakening | Rework | Removal, resource: Resource, estate: PolicyContext) -> bool:
    """True if the weakening applies to this resource, or may apply."""
    try:
        return weakening.when(resource, estate)
    except Unknown:
        return True


def _known(found: Iterable[T]) -> Iterator[T]:
    """Yield until a value is unknown. A mutant cannot depend on one, and the gate refuses the plan for it anyway."""
    try:
        yield from found
    except Unknown:
        return


def _weaker(weakening: Weakening, resource: Resource, estate: PolicyContext) -> Iterator[Mutant]:
    for place in places(resource.inputs, weakening.path):
        now = get(resource.inputs, place)
        picked = _known(weakening.pick(resource, estate)) if weakening.pick else ()
        values = [*((_label(v), v) for v in weakening.values), *picked]
        if not weakening.unknown_ok:
            values.append(("unknown", UNKNOWN))
        for words, value in values:
            if value != now:
                yield _put(weakening, resource, place, words, value)
        if has_value(resource.inputs, place) and not weakening.missing_ok:
            after = replace(resource, inputs=without(resource.inputs, place))
            yield _mutant(resource, after, f"{join(place)} left out", weakening.harm, join(place))


def _put(weakening: Weakening, resource: Resource, place: PropertyPath, words: str, value: Any) -> Mutant:
    after = replace(resource, inputs=put(resource.inputs, place, value))
    if value == UNKNOWN:  # an unknown value has no known source
        dependencies = {key: urns for key, urns in resource.property_dependencies.items() if key != place[0]}
        after = replace(after, property_dependencies=dependencies)
    return _mutant(resource, after, f"{join(place)} = {words}", weakening.harm, join(place))


def _from_rework(rework: Rework, resource: Resource) -> Iterator[Mutant]:
    for words, inputs in rework.make(resource.inputs):
        yield _mutant(resource, replace(resource, inputs=inputs), words, rework.harm, rework.covers[0])


def _weaker_options(resource: Resource, table: Table) -> Iterator[Mutant]:
    """Yield the mutants with weaker resource options: without `protect`, and with `ignoreChanges`."""
    if resource.protect:
        yield _mutant(resource, replace(resource, protect=False), "not protected", "a wrong `up` would delete it")
    for path in _roots(table.type):
        if path in resource.inputs:
            after = replace(resource, ignore_changes=(path,))
            yield _mutant(resource, after, f"ignores changes of {path}", "its drift would not be corrected", path)


@cache
def _roots(type_: str) -> tuple[str, ...]:
    """Return the first key of every property of a type that can be weakened."""
    table = TABLES[type_]
    paths = [w.path for w in table.weakenings if isinstance(w, Weakening)]
    paths += [path for w in table.weakenings if isinstance(w, Rework) for path in w.covers]
    return tuple(dict.fromkeys(path.partition(".")[0].partition("[")[0] for path in paths))


def _added(addition: Addition, estate: PolicyContext, stack: str) -> Iterator[Mutant]:
    for added in _known(addition.make(estate, stack)):
        yield Mutant(stack, added.urn, added.type, added.name, f"added: {addition.label}", addition.harm, None, added)


def _mutant(before: Resource, after: Resource | None, label: str, harm: str, path: str = "") -> Mutant:
    return Mutant(before.stack, before.urn, before.type, before.name, label, harm, before, after, path)


def _label(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_LABEL_LENGTH else text[: MAX_LABEL_LENGTH - 1] + "…"


def mutated(resources: Iterable[Resource], mutant: Mutant) -> list[Resource]:
    """Return the resources with the mutant's change."""
    found = [mutant.after if r.urn == mutant.urn and r.stack == mutant.stack else r for r in resources]
    if mutant.before is None:
        found.append(mutant.after)
    return [r for r in found if r is not None]
