"""The Plan: the operation of a deployment on every resource of a stack. Both engines produce it.

Policy checks, ARM export, diffs, approvals, costs and reports read a Plan and nothing else. Secrets are masked before a
Plan is built, so it contains none.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeGuard, TypeVar

from formats.property_paths import child
from formats.urns import name_of

UNKNOWN = "[unknown]"
"""The mark of a value that is unknown before the deployment."""
SECRET = "[secret]"  # noqa: S105
"""The mark of a secret value."""
FORMAT = 4
_SUBSCRIPTION = re.compile(r"[0-9a-fA-F-]{36}")
_WHOLE_FLOAT = re.compile(r"(?:^|[\[:,])-?[0-9]+(?:\.0(?![0-9])|(?:\.[0-9]+)?e\+)")
"""A whole float in JSON, or text of a string that looks like one."""

_SCALARS = frozenset({str, bool, int, type(None)})

T = TypeVar("T")
Value = Any
"""A JSON value: None, bool, int, float, str, list or dict of the same."""


class Operation(StrEnum):
    """The operation on one resource."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    IMPORT = "import"

    @property
    def destroys(self) -> bool:
        """True if the existing resource is deleted."""
        return self in (Operation.REPLACE, Operation.DELETE)


NO_CHANGE = (Operation.SAME, Operation.READ)
"""The operations that change nothing in the cloud."""


def has_changes(counts: Mapping[str, int]) -> bool:
    """Return True if a number of resources by operation has a change."""
    return any(count for operation, count in counts.items() if operation not in NO_CHANGE)


@dataclass(frozen=True)
class PlannedResource:
    """One resource of a Plan. For a delete, `inputs` are those in the state."""

    urn: str
    type: str
    operation: Operation
    custom: bool = True
    id: str | None = None
    parent: str | None = None
    provider: str | None = None
    """The URN of its provider, without the id."""
    inputs: Mapping[str, Value] = field(default_factory=dict)
    old_inputs: Mapping[str, Value] | None = None
    changed: tuple[str, ...] = ()
    """The sorted paths of changed properties, such as `tags.owner` or `rules[2].priority`."""
    replaces: tuple[str, ...] = ()
    """The changed paths that force the replacement."""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    ignore_changes: tuple[str, ...] = ()
    foreign_aliases: tuple[str, ...] = ()
    """Its aliases that are URNs of other stacks or projects, sorted."""
    pending_delete: bool = False
    """True if an earlier run replaced it and has not deleted it yet.

    It exists in the cloud until its delete, which is its operation, succeeds. Several may have one URN, each with its
    own id."""

    @property
    def name(self) -> str:
        """The logical name."""
        return name_of(self.urn)


@dataclass(frozen=True)
class PlannedOutput:
    """One output of a stack, with the operation on it: same, create, update or delete."""

    name: str
    operation: Operation
    before: Value = None
    """None if the output is added."""
    after: Value = None
    """None if the output is removed."""

    @property
    def changed(self) -> tuple[str, ...]:
        """The sorted property paths that change: inside an updated map or list, otherwise the name.

        The values of a changed secret are masked alike, so the path is that of the whole output.
        """
        if self.operation is Operation.SAME:
            return ()
        return tuple(sorted(differing_paths(self.before, self.after, child("", self.name)))) or (child("", self.name),)


def planned_outputs(
    before: Mapping[str, Value], after: Mapping[str, Value], changed: Collection[str] = ()
) -> tuple[PlannedOutput, ...]:
    """Compare the masked outputs before and after a deployment. A null counts as absent.

    `changed` names outputs that change, including secrets whose values are masked alike.
    """
    old, new = ({k: v for k, v in side.items() if v is not None} for side in (before, after))
    return tuple(
        PlannedOutput(name, _operation(old.get(name), new.get(name), name in changed), old.get(name), new.get(name))
        for name in sorted({*old, *new})
    )


def _operation(before: Value, after: Value, changed: bool) -> Operation:
    if before is None or after is None:
        return Operation.CREATE if before is None else Operation.DELETE
    return Operation.UPDATE if changed or canonical(before) != canonical(after) else Operation.SAME


def differing_paths(before: Value, after: Value, path: str) -> Iterator[str]:
    """Yield the paths of the innermost values that differ. Lists of different lengths differ as a whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {*before, *after}:
            yield from differing_paths(before.get(key), after.get(key), child(path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differing_paths(old, new, child(path, index))
    elif canonical(before) != canonical(after):
        yield path


_FIELDS = tuple(f.name for f in fields(PlannedResource))
_OUTPUT_FIELDS = tuple(f.name for f in fields(PlannedOutput))


@dataclass(frozen=True)
class Plan:
    """The operations of one stack's deployment. `resources` are in dependency order, deletes last.

    A deployed stack is a Plan without changes, except the deletes of resources that wait for their deletion.

    They include explicit providers, but not default providers, which the engine creates.
    """

    project: str
    stack: str
    cloud: str
    resources: tuple[PlannedResource, ...]
    subscription: str = ""
    """The Azure subscription of default providers; empty if unknown."""
    outputs: tuple[PlannedOutput, ...] = ()
    """Sorted by name. Empty also for inputs without outputs: templates, previews in files, the policy pack."""
    _results: dict[Callable[[Plan], Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, function: Callable[[Plan], T]) -> T:
        """Return `function(plan)`. It is computed at the first call for this Plan object."""
        if function not in self._results:
            self._results[function] = function(self)
        found: T = self._results[function]
        return found

    @cached_property
    def counts(self) -> Mapping[Operation, int]:
        """The number of resources by operation, without the root resource and providers."""
        counts: dict[Operation, int] = {}
        for resource in self.resources:
            if not resource.type.startswith("pulumi:"):
                counts[resource.operation] = counts.get(resource.operation, 0) + 1
        return counts

    @property
    def changes(self) -> tuple[PlannedResource, ...]:
        """The resources that change, without the root resource and providers."""
        return tuple(r for r in self.resources if r.operation not in NO_CHANGE and not r.type.startswith("pulumi:"))

    @property
    def output_changes(self) -> tuple[PlannedOutput, ...]:
        """The outputs that are added, changed or removed."""
        return tuple(o for o in self.outputs if o.operation is not Operation.SAME)

    @property
    def only_deletes(self) -> bool:
        """True if every change is a delete of a resource."""
        return bool(self.changes) and all(r.operation is Operation.DELETE for r in self.changes)

    @property
    def to_evaluate(self) -> Plan:
        """The plan as the policies evaluate it. A resource whose delete failed exists, but a run that only deletes is
        the way to remove it."""
        return self.with_deletes_done() if self.only_deletes else self

    def with_deletes_done(self) -> Plan:
        """Return the Plan as if no resource would be left whose delete failed."""
        return replace(self, resources=tuple(replace(r, pending_delete=False) for r in self.resources))

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hash of the canonical form, which is the same for both engines."""
        content = self._content()
        content["resources"].sort(key=lambda r: (r["urn"], r["operation"], r["id"] or ""))
        return digest_of(content)

    def to_json(self) -> dict[str, Value]:
        """Return the Plan as JSON, with its format version and digest."""
        return {"format": FORMAT, **self._content(), "digest": self.digest}

    @classmethod
    def from_json(cls, value: Value) -> Plan:
        """Read the result of `to_json`. Raises `ValueError` for another format or a wrong digest."""
        try:
            plan = cls._read(value)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is not a plan: {type(error).__name__} {error}") from None
        if value.get("digest") != plan.digest:
            raise ValueError("the plan's digest does not match its content: it was changed or truncated")
        return plan

    @classmethod
    def _read(cls, value: Value) -> Plan:
        if value["format"] != FORMAT:
            raise ValueError(f"this plan has format {value['format']!r}; this version reads {FORMAT}")
        if value["subscription"] and not is_subscription(value["subscription"]):
            raise ValueError("the plan's subscription is not a subscription id")
        resources = tuple(_resource(r) for r in value["resources"])
        outputs = tuple(map(_output, value["outputs"]))
        if [o.name for o in outputs] != sorted({o.name for o in outputs}):
            raise ValueError("the plan's outputs are not sorted by name, without duplicates")
        return cls(value["project"], value["stack"], value["cloud"], resources, value["subscription"], outputs)

    def _content(self) -> dict[str, Value]:
        resources = [whole_numbers({name: getattr(r, name) for name in _FIELDS}) for r in self.resources]
        about = {name: getattr(self, name) for name in ("project", "stack", "cloud", "subscription")}
        outputs = [whole_numbers({name: getattr(o, name) for name in _OUTPUT_FIELDS}) for o in self.outputs]
        return {**about, "resources": resources, "outputs": outputs}


def _resource(value: Mapping[str, Value]) -> PlannedResource:
    """Return a resource from its JSON. An unknown key is an error."""
    lists = {k: tuple(value[k]) for k in ("changed", "replaces", "dependencies", "ignore_changes", "foreign_aliases")}
    by_property = {k: tuple(v) for k, v in value["property_dependencies"].items()}
    fields = {**value, **lists, "operation": Operation(value["operation"]), "property_dependencies": by_property}
    return PlannedResource(**fields)


def _output(value: Mapping[str, Value]) -> PlannedOutput:
    """Return an output from its JSON. An unknown key, or an operation that its values contradict, is an error."""
    output = PlannedOutput(**{**value, "operation": Operation(value["operation"])})
    allowed = _operation(output.before, output.after, output.operation is Operation.UPDATE)
    absent = output.before is None and output.after is None
    if set(value) != {*_OUTPUT_FIELDS} or type(output.name) is not str or absent or output.operation is not allowed:
        raise ValueError(f"this is not an output of a plan: {output.name!r}")
    return output


def is_subscription(found: Value) -> TypeGuard[str]:
    """Return True for a subscription's id."""
    return isinstance(found, str) and _SUBSCRIPTION.fullmatch(found) is not None


def canonical(value: Value) -> str:
    """Return canonical JSON: keys sorted, no spaces, whole numbers without a fraction."""
    try:
        text = _dumped(value)
    except TypeError:  # a mapping of another type
        return _dumped(whole_numbers(value))
    return _dumped(whole_numbers(value)) if _WHOLE_FLOAT.search(text) else text


def _dumped(value: Value) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(value: Value) -> str:
    """Return `sha256:` and the hash of a value's canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()


def contains_unknown(value: Value) -> bool:
    """True if a value of a Plan is unknown, or contains an unknown value."""
    if type(value) in _SCALARS:  # most values; a test for Mapping takes longer
        return bool(value == UNKNOWN)
    if isinstance(value, Mapping):
        return any(map(contains_unknown, value.values()))
    if isinstance(value, list | tuple):
        return any(map(contains_unknown, value))
    return bool(value == UNKNOWN)


def whole_numbers(value: Value) -> Value:
    """Convert whole floats to integers at any depth, because numbers of the protocol are doubles."""
    if type(value) in _SCALARS:  # most values; a test for Mapping takes longer
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {k: whole_numbers(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [whole_numbers(v) for v in value]
    return value
