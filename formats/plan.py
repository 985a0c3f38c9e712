"""The Plan: the operation of a deployment on every resource of a stack. Both engines produce it.

Policy checks, ARM export, diffs, approvals, costs and reports read a Plan and nothing else. Secrets are masked before a
Plan is built, so it contains none.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeGuard, TypeVar

from formats.urns import name_of

UNKNOWN = "[unknown]"
"""The mark of a value that is unknown before the deployment."""
SECRET = "[secret]"  # noqa: S105
"""The mark of a secret value."""
FORMAT = 2
_SUBSCRIPTION = re.compile(r"[0-9a-fA-F-]{36}")

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

    @property
    def name(self) -> str:
        """The logical name."""
        return name_of(self.urn)


_FIELDS = tuple(f.name for f in fields(PlannedResource))


@dataclass(frozen=True)
class Plan:
    """The operations of one stack's deployment. `resources` are in dependency order, deletes last.

    They include explicit providers, but not default providers, which the engine creates.
    """

    project: str
    stack: str
    cloud: str
    resources: tuple[PlannedResource, ...]
    subscription: str = ""
    """The Azure subscription of default providers; empty if unknown."""
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
        quiet = (Operation.SAME, Operation.READ)
        return tuple(r for r in self.resources if r.operation not in quiet and not r.type.startswith("pulumi:"))

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hash of the canonical form, which is the same for both engines."""
        content = self._content()
        content["resources"].sort(key=lambda r: (r["urn"], r["operation"]))
        return "sha256:" + hashlib.sha256(canonical(content).encode()).hexdigest()

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
        return cls(value["project"], value["stack"], value["cloud"], resources, value["subscription"])

    def _content(self) -> dict[str, Value]:
        resources = [whole_numbers({name: getattr(r, name) for name in _FIELDS}) for r in self.resources]
        about = {name: getattr(self, name) for name in ("project", "stack", "cloud", "subscription")}
        return {**about, "resources": resources}


def _resource(value: Mapping[str, Value]) -> PlannedResource:
    """Return a resource from its JSON. An unknown key is an error."""
    lists = {k: tuple(value[k]) for k in ("changed", "replaces", "dependencies", "ignore_changes")}
    by_property = {k: tuple(v) for k, v in value["property_dependencies"].items()}
    fields = {**value, **lists, "operation": Operation(value["operation"]), "property_dependencies": by_property}
    return PlannedResource(**fields)


def is_subscription(found: Value) -> TypeGuard[str]:
    """Return True for a subscription's id."""
    return isinstance(found, str) and _SUBSCRIPTION.fullmatch(found) is not None


def canonical(value: Value) -> str:
    """Return canonical JSON: keys sorted, no spaces, whole numbers without a fraction."""
    return json.dumps(whole_numbers(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def contains_unknown(value: Value) -> bool:
    """True if a value of a Plan is unknown, or contains an unknown value."""
    if isinstance(value, Mapping):
        return any(map(contains_unknown, value.values()))
    if isinstance(value, list | tuple):
        return any(map(contains_unknown, value))
    return bool(value == UNKNOWN)


def whole_numbers(value: Value) -> Value:
    """Convert whole floats to integers at any depth, because numbers of the protocol are doubles."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {k: whole_numbers(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [whole_numbers(v) for v in value]
    return value
