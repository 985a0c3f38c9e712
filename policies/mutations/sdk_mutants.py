"""Generate the mutants that add to a plan what the SDK offers: a property, a reference, an enum value or a child.

Each resource type is mutated in its first resource, because what refuses an addition depends on the type. What is
listed as harmless, with its reason, need not be refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from formats.arm.references import ANY as EVERY_TYPE
from formats.arm.references import references
from formats.arm.sdk import AZURE_NATIVE, PREFIX
from formats.property_paths import ANY, PropertyPath, find, join, parse
from formats.pulumi_sdk import SdkProperty, leaves
from policies.azure_semantics.properties import same
from policies.known_properties import ALL, KnownProperties, harmless
from policies.model import Policy, PolicyContext, Resource
from policies.mutations.children import children
from policies.mutations.model import AddedKind, Mutant
from policies.mutations.table.external import PROVIDERS, SUBSCRIPTION
from policies.mutations.table.permitted import PERMITTED_CHILDREN, PERMITTED_VALUES
from policies.requirements import Operator

PLAIN_TEXT = "x"
_QUOTED = re.compile(r"'(\w+)'")
_OWNER = re.compile(r"^/subscriptions/[^/]+|(?=^/providers/)", re.IGNORECASE)
_HARM = {
    AddedKind.PROPERTY: "no rule reads it, so it may grant, open or disclose anything",
    AddedKind.REFERENCE: "a resource outside of the estate may have any settings and rights",
    AddedKind.ENUM_VALUE: "no rule permits this value",
    AddedKind.CHILD: "it may open its parent",
}
_JUDGES = {AddedKind.PROPERTY: ("TY2",), AddedKind.REFERENCE: ("TY2", "TY3")}
"""The policies that must refuse an addition, so that no other finding hides that they do not."""
_TESTED_VALUES = (Operator.EQUALS, Operator.EQUALS_IF_SET)


class SdkMutants:
    """The mutants of an estate by what these policies read."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self._known = KnownProperties(policies.values())
        self._judged: dict[str, frozenset[str]] = {}
        self._permitted: dict[tuple[str, str], list[Any]] = {}
        for policy in policies.values():
            for one in policy.requirements:
                for type_ in (one.only_on,) if one.only_on else policy.resource_types:
                    if one.operator in _TESTED_VALUES:
                        self._permitted.setdefault((type_, one.path), []).extend(one.values)

    def of(self, estate: PolicyContext, stacks: Collection[str] | None = None) -> Iterator[Mutant]:
        """Yield the mutants of some stacks (None: all): each property, reference and child of a type once, and each
        value of an enumeration once for each stack."""
        seen: set[tuple[str, ...]] = set()
        for resource in estate.resources:
            if stacks is not None and resource.stack not in stacks:
                continue
            if (resource.type,) not in seen:
                yield from self._properties(resource)
                yield from _foreign_additions(resource)
                yield from _children(resource, estate)
            if (resource.type, resource.stack) not in seen:
                yield from self._enum_values(resource)
            seen |= {(resource.type,), (resource.type, resource.stack)}
            yield from _foreign(resource, seen)

    def _properties(self, resource: Resource) -> Iterator[Mutant]:
        """Yield a mutant for each property that no rule reads and that is not set."""
        for path, property_ in leaves(AZURE_NATIVE, f"{PREFIX}{resource.type}").items():
            if not self._is_judged(resource.type, path) and not list(find(resource.inputs, parse(path))):
                value = example(property_, enum_values(resource.type, property_))
                yield _added(resource, path, value, AddedKind.PROPERTY)

    def _enum_values(self, resource: Resource) -> Iterator[Mutant]:
        """Yield a mutant for each value of each enumeration that rules read."""
        for path, property_ in leaves(AZURE_NATIVE, f"{PREFIX}{resource.type}").items():
            if self._is_judged(resource.type, path):
                yield from self._other_values(resource, path, enum_values(resource.type, property_))

    def _is_judged(self, type_: str, path: str) -> bool:
        """True for a property that a rule reads, or of which some values alone are harmless."""
        if type_ not in self._judged:
            listed = harmless()[1].get(type_)
            limited = {at for at, entry in listed.harmless.items() if entry.values} if listed else set()
            self._judged[type_] = frozenset(_plain(one) for one in (*self._known.read(type_), *limited))
        return _plain(path) in self._judged[type_]

    def _other_values(self, resource: Resource, path: str, values: tuple[Any, ...]) -> Iterator[Mutant]:
        """Yield a mutant for each value of an enumeration that is neither set nor permitted by a requirement."""
        permitted = [v for type_ in (resource.type, ALL) for v in self._permitted.get((type_, path), ())]
        now = list(find(resource.inputs, parse(path)))
        for value in values:
            if any(same(value, one) for one in permitted):
                continue
            for place, present in now:
                if not same(value, present):
                    yield _set(resource, place, path, value)
            if not now:
                yield _added(resource, path, value, AddedKind.ENUM_VALUE)


def _foreign(resource: Resource, seen: set[tuple[str, ...]]) -> Iterator[Mutant]:
    """Yield a mutant for each ARM id, with a foreign subscription, once for each property of a type."""
    for path, id_ in _ids(resource.inputs, ()):
        pattern = join(tuple(ANY if isinstance(step, int) else step for step in path))
        if (resource.type, "reference", pattern) not in seen:
            seen.add((resource.type, "reference", pattern))
            foreign = _OWNER.sub(SUBSCRIPTION, id_, count=1)
            after = replace(resource, inputs=replaced(resource.inputs, path, foreign))
            label = f"{pattern} in another subscription"
            yield _mutant(after, resource, label, AddedKind.REFERENCE, pattern, foreign)


def _foreign_additions(resource: Resource) -> Iterator[Mutant]:
    """Yield a mutant for each reference that is not set."""
    for (type_, listed), arm_types in references().items():
        pattern = listed.replace("[]", f"[{ANY}]")
        offered = type_ == resource.type or (type_ == EVERY_TYPE and parse(pattern)[0] in _inputs(resource.type))
        if offered and not list(find(resource.inputs, parse(pattern))):
            kind = min(arm_types)
            foreign = f"{PROVIDERS}/{kind if kind != EVERY_TYPE else 'Microsoft.Storage/storageAccounts'}/elsewhere"
            yield _added(resource, pattern, foreign, AddedKind.REFERENCE)


def _children(resource: Resource, estate: PolicyContext) -> Iterator[Mutant]:
    for child in children(resource, estate):
        yield Mutant(child.stack, child.urn, child.type, child.name, "added without settings", _HARM[AddedKind.CHILD],
                     None, child, added=AddedKind.CHILD, harmless=PERMITTED_CHILDREN.get(child.type, ""))  # fmt: skip


@cache
def _inputs(type_: str) -> frozenset[str]:
    found = AZURE_NATIVE.resource(f"{PREFIX}{type_}")
    return frozenset(found.inputs) if found else frozenset()


def _ids(value: Any, path: PropertyPath) -> Iterator[tuple[PropertyPath, str]]:
    """Yield each ARM id in the inputs. Tags are text."""
    if isinstance(value, str) and value.startswith(("/subscriptions/", "/providers/")):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if path or key != "tags":
                yield from _ids(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _ids(inner, (*path, index))


def enum_values(type_: str, property_: SdkProperty) -> tuple[Any, ...]:
    """Return the values of a property's enumeration; none if it has none."""
    module = type_.partition(":")[0]
    found = (AZURE_NATIVE.enum(module, name) for name in _QUOTED.findall(property_.annotation))
    return tuple(value for values in found for value in values or ())


def example(property_: SdkProperty, values: tuple[Any, ...] = ()) -> Any:
    """Return a value of a property's type: the first one of its enumeration."""
    kind = property_.annotation
    value: Any = PLAIN_TEXT
    if values:
        value = values[0]
    elif "_builtins.bool" in kind:
        value = True
    elif "_builtins.int" in kind or "_builtins.float" in kind:
        value = 1
    return {"mutant": value} if "Mapping[str" in kind else value


def extended(value: Any, path: PropertyPath, new: Any) -> Any:
    """Return a copy with a value at a path. A list gets one more entry: a copy of its last one, with the value."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if step == ANY:
        entries = list(value) if isinstance(value, list | tuple) else []
        return [*entries, extended(entries[-1] if entries and rest else None, rest, new)]
    copy = dict(value) if isinstance(value, Mapping) else {}
    copy[step] = extended(copy.get(step), rest, new)
    return copy


def replaced(value: Any, path: PropertyPath, new: Any) -> Any:
    """Return a copy with another value at the place of a path."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return [replaced(one, rest, new) if index == step else one for index, one in enumerate(value)]
    return {key: replaced(one, rest, new) if key == step else one for key, one in value.items()}


def _added(resource: Resource, path: str, value: Any, kind: AddedKind) -> Mutant:
    inputs = extended(resource.inputs, parse(path), value)
    return _mutant(replace(resource, inputs=inputs), resource, f"{path} added: {value!r}", kind, path, value)


def _set(resource: Resource, place: PropertyPath, path: str, value: Any) -> Mutant:
    after = replace(resource, inputs=replaced(resource.inputs, place, value))
    return _mutant(after, resource, f"{join(place)} = {value!r}", AddedKind.ENUM_VALUE, path, value)


def _mutant(  # noqa: PLR0917 - the two resources, the text, and what was added
    after: Resource, before: Resource, label: str, kind: AddedKind, path: str, value: Any
) -> Mutant:
    because = "" if kind is AddedKind.REFERENCE else _reason(before.type, path, value)
    return Mutant(before.stack, before.urn, before.type, before.name, label, _HARM[kind], before, after, path,
                  added=kind, judges=_JUDGES.get(kind, ()), harmless=because)  # fmt: skip


def _reason(type_: str, path: str, value: Any) -> str:
    """Return why a value is harmless; empty where it is not listed."""
    permitted = PERMITTED_VALUES.get((type_, path))
    if permitted and any(same(value, one) for one in permitted.values):
        return permitted.because
    every_type, types = harmless()
    for listed in (types.get(type_), every_type):
        if listed is None:
            continue
        for at, entry in (*listed.harmless.items(), *listed.maps.items()):
            if _plain(at) == _plain(path):
                fits = not entry.values or any(same(value, one) for one in entry.values)
                return entry.because if fits else ""
        if path in listed.names:
            return "part of the ARM id"
    return ""


def _plain(path: str) -> str:
    """Return a path in which a list of values is the same as its entries."""
    return path.removesuffix(f"[{ANY}]")
