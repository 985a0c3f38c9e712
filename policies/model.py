"""What a policy is, what it may look at, and what it says.

A rule reads properties through `Resource.at`, which raises `Unknown` for what only the deployment will tell: a rule
cannot pass a value that it could not see. Secrets are masked before a `Resource` exists, so none can reach a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeVar

from formats.plan import SECRET, UNKNOWN, PlannedResource
from formats.stack_config import DataClass
from policies.requirements import Requirement

T = TypeVar("T")
STEP = re.compile(r'[^.\[\]"]+|\[(?:\d+|\*)\]|\["[^"]*"\]')
"""One step of a property path: `tags`, `[0]`, `[*]`, `["cost centre"]`."""

PLACE = re.compile(r"\[(\d+|\*)\]")
"""A step into a list: one entry of it, or all."""
VERSION = re.compile(r"/v\d{8}[a-z0-9]*:")
"""The api version in a token such as `storage/v20230101:StorageAccount`: no way around a rule."""


class Verdict(StrEnum):
    """What is said of one policy on one resource. Only `fail` and `unknown` stand in the way of a deployment."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNKNOWN = "unknown"
    EXEMPT = "exempt"
    NOT_APPLICABLE = "not-applicable"

    @property
    def blocks(self) -> bool:
        """Whether nothing may be applied while this stands."""
        return self in (Verdict.FAIL, Verdict.UNKNOWN)


class Severity(StrEnum):
    """How much harm a failure does: the words of Pulumi's policy packs and of SARIF's readers."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True)
class ComplianceControls:
    """What a policy is evidence for, by the numbers of each standard."""

    satre: tuple[str, ...] = ()
    """SATRE 2.0.1 statements, such as 2.2.09."""
    ncsc: tuple[str, ...] = ()
    """NCSC cloud security principles, 1 to 14."""
    cis: tuple[str, ...] = ()
    """CIS Microsoft Azure Foundations 6.0.0."""
    iso27001: tuple[str, ...] = ()
    """ISO/IEC 27001:2022 Annex A, such as 8.24."""
    five_safes: tuple[Literal["settings", "outputs", "people", "projects", "data"], ...] = ()


class Unknown(Exception):  # noqa: N818
    """A rule looked at something that only the deployment will tell. The runner's verdict is then `unknown`."""

    def __init__(self, path: str, why: str = "is not known before the deployment, so this cannot be judged") -> None:
        self.path, self.why = path, why
        super().__init__(path)


class _Missing:
    """Stands for a property that is not there. False, and equal to nothing but itself."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()


@dataclass(frozen=True)
class Resource:
    """One resource as a rule sees it: azure-native's inputs on the wire, secrets masked, unknowns marked."""

    urn: str
    type: str
    """azure-native's token without the package: `storage:StorageAccount`."""
    name: str
    stack: str
    inputs: Mapping[str, Any]
    id: str | None = None
    """The ARM id that it has or will have, where that can be told."""
    dependencies: tuple[str, ...] = ()
    """URNs of resources, components resolved to what they hold."""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    declared: bool = True
    """Whether a program declares it, so that `protect` and `ignore_changes` are told; a template does not say."""

    def at(self, path: str) -> Any:
        """The value at a path, or `MISSING`. `Unknown` where it, or anything it lies in, is not known yet."""
        found = list(self._walk(path))
        return found[0] if found else MISSING

    def each(self, path: str) -> list[Any]:
        """The values at a path with `[*]` in it; those that are not there are left out. `Unknown` as in `at`."""
        return list(self._walk(path))

    def knows(self, path: str) -> bool:
        """Whether a value stands at the path and is known."""
        try:
            return self.at(path) is not MISSING
        except Unknown:
            return False

    def _walk(self, path: str) -> Iterator[Any]:
        values: list[Any] = [self.inputs]
        for step in _steps(path):
            values = [inner for value in values for inner in _inside(value, step, path)]
        for value in values:
            if value == UNKNOWN:
                raise Unknown(path)
            if value is not None:
                yield value


@lru_cache(maxsize=8192)
def _steps(path: str) -> tuple[str, ...]:
    """The steps of a path: the same few thousand are walked again and again."""
    return tuple(STEP.findall(path))


def _inside(value: Any, step: str, path: str) -> list[Any]:
    """What one step leads to. `Unknown` where it leads into what is no object or list, such as a secret: what Azure
    would make of it cannot be told, and so must not pass for what is missing."""
    if value is None:
        return []
    place = PLACE.fullmatch(step)
    if place is None:
        return _named(value, step.removeprefix('["').removesuffix('"]'), path)
    items = _entries(value, path)
    if place[1] == "*":
        return items
    index = int(place[1])
    return [items[index]] if index < len(items) else []


def _entries(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise Unknown(path)
    return list(value)


def _named(value: Any, name: str, path: str) -> list[Any]:
    if not isinstance(value, Mapping):
        raise Unknown(path)
    return [value[name]] if name in value else []


class PolicyContext:
    """Everything that is judged together: the resources of one stack, or of all. Ids compare without regard to case."""

    def __init__(self, resources: Iterable[Resource], *, whole: bool = False, today: date | None = None) -> None:
        self.resources: Sequence[Resource] = tuple(resources)
        self.whole = whole
        """Whether every stack of the estate is here: only then can something be said of what lies between stacks."""
        self.today = today or datetime.now(UTC).date()
        """The day that expiries are judged on."""
        self._pointers: dict[tuple[str, str], _Pointers] = {}
        self._once: dict[tuple[str, ...], Any] = {}
        self._children: dict[str, Mapping[str | None, list[Resource]]] = {}

    @cached_property
    def _by_id(self) -> Mapping[str, Resource]:
        return {r.id.lower(): r for r in self.resources if r.id}

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        by_type: dict[str, list[Resource]] = {}
        for resource in self.resources:
            by_type.setdefault(resource.type, []).append(resource)
        return by_type

    @cached_property
    def _classes(self) -> Mapping[str, DataClass]:
        """The data class of each stack: the strictest that a resource group of it is tagged with."""
        order = list(DataClass)
        classes: dict[str, DataClass] = {}
        for group in self.of("resources:ResourceGroup"):
            found = _data_class(group)
            if found is not None:
                classes[group.stack] = max(classes.get(group.stack, order[0]), found, key=order.index)
        return classes

    def of(self, *types: str) -> list[Resource]:
        """The resources of these types, in the Plan's order."""
        return [resource for type_ in types for resource in self._by_type.get(type_, [])]

    @cached_property
    def _by_stack(self) -> Mapping[tuple[str, str], list[Resource]]:
        by_stack: dict[tuple[str, str], list[Resource]] = {}
        for resource in self.resources:
            by_stack.setdefault((resource.stack, resource.type), []).append(resource)
        return by_stack

    def same_stack(self, resource: Resource, *types: str) -> list[Resource]:
        """The resources of these types in a resource's own stack, itself among them, in the Plan's order."""
        return [found for type_ in types for found in self._by_stack.get((resource.stack, type_), [])]

    def children(self, type_: str, parent: Resource) -> list[Resource]:
        """The resources of a child type that ARM files under another, such as the rules of a security group. `Unknown`
        where either's id is not."""
        if parent.id is None:
            raise Unknown("id")
        children = self._children_of(type_)
        if None in children:
            raise Unknown("id")
        return children.get(_plain(parent.id), [])

    def _children_of(self, type_: str) -> Mapping[str | None, list[Resource]]:
        """By the parent's id; under None those whose own id is not known."""
        if type_ not in self._children:
            found: dict[str | None, list[Resource]] = {}
            for child in self.of(type_):
                above = _plain(child.id).rsplit("/", 2)[0] if child.id else None
                found.setdefault(above, []).append(child)
            self._children[type_] = found
        return self._children[type_]

    def get(self, id_: object) -> Resource | None:
        """The resource with that id, if it is judged here."""
        return self._by_id.get(id_.lower()) if isinstance(id_, str) else None

    def referencing(self, type_: str, path: str, at: Resource) -> list[Resource]:
        """The resources of a type whose property holds the id of another, or an id below it. `Unknown` where that
        property of one of them is not known yet and depends on the other, so that it might."""
        if at.id is None:
            raise Unknown("id")
        pointers = self._pointers_of(type_, path)
        if pointers.anywhere or at.urn in pointers.unknown:
            raise Unknown(path)
        return pointers.known.get(_plain(at.id), [])

    def _pointers_of(self, type_: str, path: str) -> _Pointers:
        """Looked up once for all: a stack of ten thousand resources asks it of each."""
        if (type_, path) not in self._pointers:
            self._pointers[type_, path] = _Pointers.of(self.of(type_), path)
        return self._pointers[type_, path]

    def once(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """What a rule works out for all resources alike, such as of a whole stack, worked out once."""
        if key not in self._once:
            self._once[key] = make()
        found: T = self._once[key]
        return found

    def data_class(self, resource: Resource) -> DataClass:
        """How sensitive what a resource holds is: the stricter of its own tag and its stack's, so that no tag loosens
        what lies among stricter things; the strictest of all where nobody says."""
        said = [found for found in (_data_class(resource), self._classes.get(resource.stack)) if found]
        return max(said, key=list(DataClass).index, default=DataClass.IDENTIFIABLE)


def _data_class(resource: Resource) -> DataClass | None:
    value = resource.at('tags["data-class"]')
    return DataClass(value) if value in list(DataClass) else None


@dataclass(frozen=True)
class _Pointers:
    """Which resources of a type point where with one property."""

    known: dict[str, list[Resource]] = field(default_factory=dict)
    """By each id that the property holds, and each id above it."""
    unknown: set[str] = field(default_factory=set)
    """The URNs that a property depends on, and whose ids it may hold."""
    anywhere: list[Resource] = field(default_factory=list)
    """Those of whose property not even that is told."""

    @classmethod
    def of(cls, resources: Iterable[Resource], path: str) -> _Pointers:
        pointers, root = cls(), STEP.findall(path)[0]
        for resource in resources:
            try:
                ids = {above for value in resource.each(path) for above in _scopes(value)}
            except Unknown:
                depends = resource.property_dependencies.get(root)
                pointers.unknown.update(depends or ())
                pointers.anywhere.extend([] if depends is not None else [resource])
            else:
                for id_ in ids:
                    pointers.known.setdefault(id_, []).append(resource)
        return pointers


def _scopes(id_: object) -> Iterator[str]:
    """An ARM id, and every id that it lies below."""
    text = _plain(id_) if isinstance(id_, str) else ""
    while text:
        yield text
        text = text.rpartition("/")[0]


def _plain(id_: str) -> str:
    return id_.lower().rstrip("/")


def within(id_: object, scope: str) -> bool:
    """Whether an ARM id is the scope, or lies below it."""
    text = _plain(id_) if isinstance(id_, str) else ""
    return text == _plain(scope) or text.startswith(f"{_plain(scope)}/")


@dataclass(frozen=True)
class Violation:
    """One thing that does not hold. The message says what was found and what must be, and never holds a secret."""

    path: str
    message: str


Check = Callable[[Resource, PolicyContext], Iterable[Violation]]
"""Yields what is wrong with one resource; nothing means that it passes. May raise `Unknown`."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One policy: the rule, its reason, and its check. It has requirements, a function, or both."""

    id: str
    """Two letters and a number: `ST1`."""
    title: str
    """The rule in one line."""
    why: str
    on: tuple[str, ...]
    """The types that the rule is about: `storage:StorageAccount`. `*`: all."""
    severity: Severity
    controls: ComplianceControls
    fix: str
    requires: tuple[Requirement, ...] = ()
    """Conditions on single properties. The check of them is derived."""
    check: Check | None = None
    """The rest of the rule."""
    required_by_check: tuple[Requirement, ...] = ()
    """Requirements that `check` makes on a condition of its own. Checkov cannot see the condition, and always makes
    them."""
    reads: tuple[str, ...] = ()
    """The property paths that `check` and `applies` read besides; those of other resources as `type:path`."""
    applies: Callable[[Resource, PolicyContext], bool] = field(default=lambda _resource, _context: True)
    """Return False where the policy does not concern a resource of its types: the verdict is then not applicable."""
    scope: Literal["resource", "stack", "estate"] = "resource"
    """`stack`: reads other resources of the same stack. `estate`: only checked with all stacks of the estate."""
    checkov: tuple[str, ...] = ()
    """Checkov's built-in checks for ARM that require the same."""

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """All conditions on single properties."""
        return (*self.requires, *self.required_by_check)

    @property
    def paths(self) -> tuple[str, ...]:
        """The property paths that the policy reads."""
        return tuple(dict.fromkeys((*(requirement.path for requirement in self.requirements), *self.reads)))


@dataclass(frozen=True)
class Finding:
    """What was said of one policy on one resource."""

    policy: str
    verdict: Verdict
    urn: str
    type: str
    name: str
    stack: str
    path: str = ""
    message: str = ""
    exemption: str = ""
    """The id of the exemption, where the verdict is exempt."""


def resource_of(planned: PlannedResource, *, stack: str) -> Resource:
    """A planned resource as rules see it."""
    return Resource(
        urn=planned.urn,
        type=VERSION.sub(":", planned.type.removeprefix("azure-native:")),
        name=planned.name,
        stack=stack,
        inputs=planned.inputs,
        id=planned.id,
        dependencies=planned.dependencies,
        property_dependencies=planned.property_dependencies,
        protect=planned.protect,
        ignore_changes=planned.ignore_changes,
    )


def is_secret(value: object) -> bool:
    """Whether a value is a secret, masked."""
    return value == SECRET
