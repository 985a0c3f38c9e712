"""Values that were unknown in the evaluated plan: each must become what the plan says that it comes from.

The policies judge such a value by the resources that its property depends on, because nothing else is known of it: a
principal id as that of an identity, an ARM id as that of one resource. A program can keep the dependency and send
another value (`identity.principal_id.apply(lambda _: other)`). So each value is compared before the engine writes it,
with either engine. Messages name properties and never values, which may be secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Protocol

from formats import property_values
from formats.arm.resolve import resolved
from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource, contains_unknown
from formats.property_paths import ANY, child
from formats.urns import type_of
from operations.engine.port import differs_from_plan

AZURE = "azure-native:"
"""The types whose values policies judge by what they come from. Tags must be known (GV10)."""
RANDOM = "random:"
MIN_SECRET = 16
"""The least length of a random text that a secret may contain among other text."""
MIN_PART = 8
"""The least length of a text that counts as a part of another: shorter ones are in any text."""
_PRINCIPALS = ("principalid", "objectid")


class Source(Protocol):
    """A resource that is registered, with what a program can read of it."""

    @property
    def id(self) -> str | None: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...


class DerivedValues:
    """The unknown values of a plan, for the run that executes it."""

    def __init__(self, plan: Plan) -> None:
        self._stack = plan.stack
        kept = [r for r in plan.resources if r.operation is not Operation.DELETE and r.type.startswith(AZURE)]
        self._planned = {
            r.urn: r for r in kept if contains_unknown(r.inputs) or any(_random(r, key) for key in r.inputs)
        }
        self._judged = {r.urn: r.inputs for r in resolved(plan).resources if r.operation is not Operation.DELETE}
        self._outputs = {o.name: o.after for o in plan.outputs if contains_unknown(o.after)}

    def check_step(self, urn: str, inputs: Mapping[str, Any], sources: Mapping[str, Source]) -> None:
        """Raise `Refused` for a value of a resource that is another than judged, before the resource is written."""
        planned = self._planned.get(urn)
        if planned is None:
            return
        for key, value in planned.inputs.items():
            if key == "tags":
                continue
            given = _Readable(sources[one] for one in planned.property_dependencies.get(key, ()) if one in sources)
            for path, found, judged in _unknowns(value, inputs.get(key), self._judged[urn].get(key), key):
                if not _is_derived(path, found, judged, given):
                    raise differs_from_plan(self._stack, urn, f"{path} would be another than it was judged to be")
            random = _random(planned, key)
            secrets = [text for one in random if one in sources for _, text in _leaves(sources[one])]
            for path, found in _secrets(value, inputs.get(key), key) if random else ():
                if not any(found == text or (len(text) >= MIN_SECRET and text in found) for text in secrets):
                    raise differs_from_plan(self._stack, urn, f"{path} would not come from the random value")

    def check_outputs(self, root: str, outputs: Mapping[str, Any], sources: Iterable[Source]) -> None:
        """Raise `Refused` for an object id in the stack's outputs that no resource of it has: other stacks grant rights
        to it."""
        pairs = ((name, value, outputs.get(name)) for name, value in self._outputs.items())
        unknown = [one for name, value, present in pairs for one in _unknowns(value, present, None, name)]
        wanted = [(path, found) for path, found, _ in unknown if _is_principal(path)]
        known = set(_principals(leaf for source in sources for leaf in _leaves(source))) if wanted else set()
        for path, found in wanted:
            if found not in known:
                raise differs_from_plan(self._stack, root, f"its outputs differ: {path} is of none of its resources")


def _unknowns(planned: Any, present: Any, judged: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield each value that was unknown and is known now: its path, itself, and the value that was judged for it.
    None where there is none any more."""
    found = property_values.unwrap(present)
    if planned == UNKNOWN:
        if not property_values.is_unknown(found):
            yield path, found, judged
    elif isinstance(planned, Mapping):
        inner, derived = _mapping(found), _mapping(judged)
        for key, value in planned.items():
            yield from _unknowns(value, inner.get(key), derived.get(key), child(path, key))
    elif isinstance(planned, list | tuple) and contains_unknown(planned):
        entries = found if isinstance(found, list | tuple) else []
        derived_entries = judged if isinstance(judged, list | tuple) else [None] * len(planned)
        if len(entries) != len(planned):
            yield child(path, ANY), None, None
            return
        for index, (old, new, entry) in enumerate(zip(planned, entries, derived_entries, strict=True)):
            yield from _unknowns(old, new, entry, child(path, index))


def _random(planned: PlannedResource, key: str) -> tuple[str, ...]:
    """Return the random values that a property comes from in the plan."""
    return tuple(urn for urn in planned.property_dependencies.get(key, ()) if type_of(urn).startswith(RANDOM))


def _secrets(planned: Any, present: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield each secret text of the plan as it is now."""
    found = property_values.unwrap(present)
    if planned == SECRET:
        yield from ((path, text) for _, text in _texts(found, "") if not property_values.is_unknown(text))
    elif isinstance(planned, Mapping):
        for key, value in planned.items():
            yield from _secrets(value, _mapping(found).get(key), child(path, key))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


class _Readable:
    """The texts that a program can read of some resources, with their paths."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = sources

    @cached_property
    def texts(self) -> list[tuple[str, str]]:
        return [leaf for source in self._sources for leaf in _leaves(source)]


def _is_derived(path: str, found: Any, judged: Any, given: _Readable) -> bool:
    """Return True for the judged id, the object id of a source, or a value with a part of one or in one."""
    if judged not in (UNKNOWN, None):
        return isinstance(found, str) and isinstance(judged, str) and found.lower() == judged.lower()
    if _is_principal(path):
        return found in set(_principals(given.texts))
    own = [text for _, text in _texts(found, "")]
    return any(one == other or _is_part(one, other) for one in own for _, other in given.texts)


def _is_part(one: str, other: str) -> bool:
    short, long = sorted((one.lower(), other.lower()), key=len)
    return len(short) >= MIN_PART and short in long


def _is_principal(path: str) -> bool:
    return path.rpartition(".")[2].replace("_", "").lower().endswith(_PRINCIPALS)


def _principals(known: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (text for path, text in known if _is_principal(path))


def _leaves(source: Source) -> Iterator[tuple[str, str]]:
    """Yield the texts that a program can read of a resource, with their paths."""
    if source.id:
        yield "id", source.id
    yield from _texts(source.outputs, "")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    plain = property_values.unwrap(value)
    if isinstance(plain, Mapping):
        for key, inner in plain.items():
            yield from _texts(inner, child(path, key))
    elif isinstance(plain, list | tuple):
        for index, inner in enumerate(plain):
            yield from _texts(inner, child(path, index))
    elif plain is not None:
        yield path, plain if isinstance(plain, str) else str(plain)
