"""The model of policies: policies, the resources that they check, and their findings.

A rule reads properties through `Resource.at`, which raises `Unknown` for a value that is only known after deployment:
a rule cannot pass a value that it has not read. Secrets are masked before a `Resource` is made, so no message has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, TypeVar

from formats.arm.id_parents import with_parents
from formats.plan import Operation, PlannedResource
from formats.property_paths import parse
from formats.stack_config import DataClass, StackConfig, subscriptions_of
from formats.urns import plain_type
from policies.expected.staff import members as members_of_staff
from policies.requirements import Requirement
from policies.values_at_paths import Unknown as Unknown  # noqa: PLC0414 - rules import it with the model
from policies.values_at_paths import values_at

T = TypeVar("T")


class Verdict(StrEnum):
    """The result of one policy for one resource. Only `fail` and `unknown` block a deployment."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNKNOWN = "unknown"
    EXEMPT = "exempt"
    NOT_APPLICABLE = "not-applicable"

    @property
    def blocks(self) -> bool:
        """True if a deployment with this finding is refused."""
        return self in (Verdict.FAIL, Verdict.UNKNOWN)


class Severity(StrEnum):
    """The severity of a failure, in the words of Pulumi's policy packs."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True)
class ComplianceControls:
    """The controls of each standard, by number, for which a policy is evidence."""

    satre: tuple[str, ...] = ()
    """SATRE 2.0.1 statements, such as 2.2.09."""
    ncsc: tuple[str, ...] = ()
    """NCSC cloud security principles, 1 to 14."""
    caf: tuple[str, ...] = ()
    """Contributing outcomes of the Cyber Assessment Framework 4.0, and of the DSPT's objective E, such as B3.c."""
    cyber_essentials: tuple[str, ...] = ()
    """Requirements of Cyber Essentials 3.3, by our numbers, such as 1.4."""
    cis: tuple[str, ...] = ()
    """CIS Microsoft Azure Foundations 6.0.0."""
    iso27001: tuple[str, ...] = ()
    """ISO/IEC 27001:2022 Annex A, such as 8.24."""
    five_safes: tuple[Literal["settings", "outputs", "people", "projects", "data"], ...] = ()


class _Missing:
    """The value of a missing property. False, and equal to itself only."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()
NO_CONFIGS: Mapping[str, StackConfig] = {}


@dataclass(frozen=True)
class Resource:
    """One resource with azure-native's inputs; secrets are masked and unknown values marked."""

    urn: str
    type: str
    """azure-native's token without the package: `storage:StorageAccount`."""
    name: str
    stack: str
    inputs: Mapping[str, Any]
    id: str | None = None
    """The ARM id that it has or will have, if known."""
    dependencies: tuple[str, ...] = ()
    """URNs of resources; a component is replaced by its resources."""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    retain_on_delete: bool = False
    foreign_aliases: tuple[str, ...] = ()
    imported: bool = False
    """True if this deployment takes it over from the cloud, or its value from the program."""
    subscription: str = ""
    """The subscription of its stack; empty if it is not known."""
    before: Mapping[str, Any] | None = None
    """Its inputs before the deployment, if it exists and changes."""
    from_program: bool = True
    """False for a resource of an ARM template, which has no `protect` and `ignore_changes`."""

    def at(self, path: str) -> Any:
        """Return the value at a path, or `MISSING`. `Unknown` where it, or an object around it, is not known yet."""
        found = list(self._walk(path))
        return found[0] if found else MISSING

    def each(self, path: str) -> list[Any]:
        """Return the values at a path with `[*]`, without missing ones. `Unknown` as in `at`."""
        return list(self._walk(path))

    def knows(self, path: str) -> bool:
        """True if the value at the path is set and known."""
        try:
            return self.at(path) is not MISSING
        except Unknown:
            return False

    def _walk(self, path: str) -> Iterator[Any]:
        return values_at(self.inputs, path)


class PolicyContext:
    """The resources that are evaluated together: of one stack, or of all. Ids are compared without regard to case."""

    def __init__(
        self,
        resources: Iterable[Resource],
        *,
        is_complete: bool = False,
        today: date | None = None,
        configs: Mapping[str, StackConfig] = NO_CONFIGS,
        subscriptions: frozenset[str] | None = None,
        members: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.resources: Sequence[Resource] = tuple(resources)
        self.configs = configs
        """The configuration of each stack that the estate's files name; no other stack, and no template, has one."""
        self._subscriptions, self._members = subscriptions, members
        self.is_complete = is_complete
        """True if every stack of the estate is included, as policies on the whole estate require."""
        self.today = today or datetime.now(UTC).date()
        """The day on which dates may have expired."""
        self._references: dict[tuple[str, str], _References] = {}
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
        """The data class of each stack: the strictest tag of its resource groups."""
        order = list(DataClass)
        classes: dict[str, DataClass] = {}
        for group in self.of("resources:ResourceGroup"):
            found = _data_class(group)
            if found is not None:
                classes[group.stack] = max(classes.get(group.stack, order[0]), found, key=order.index)
        return classes

    def of(self, *types: str) -> list[Resource]:
        """Return the resources of these types, in the Plan's order."""
        return [resource for type_ in types for resource in self._by_type.get(type_, [])]

    @cached_property
    def _by_stack(self) -> Mapping[tuple[str, str], list[Resource]]:
        by_stack: dict[tuple[str, str], list[Resource]] = {}
        for resource in self.resources:
            by_stack.setdefault((resource.stack, resource.type), []).append(resource)
        return by_stack

    def same_stack(self, resource: Resource, *types: str) -> list[Resource]:
        """Return the resources of these types in a resource's own stack, in the Plan's order; it may be one of them."""
        return [found for type_ in types for found in self._by_stack.get((resource.stack, type_), [])]

    def children(self, type_: str, parent: Resource) -> list[Resource]:
        """Return the child resources of a type, such as the rules of an NSG. `Unknown` where an id is not known."""
        if parent.id is None:
            raise Unknown("id")
        children = self._children_of(type_)
        if None in children:
            raise Unknown("id")
        return children.get(_plain(parent.id), [])

    def _children_of(self, type_: str) -> Mapping[str | None, list[Resource]]:
        """Return the resources of a type by the parent's id; None: their own id is not known."""
        if type_ not in self._children:
            found: dict[str | None, list[Resource]] = {}
            for child in self.of(type_):
                parent = _plain(child.id).rsplit("/", 2)[0] if child.id else None
                found.setdefault(parent, []).append(child)
            self._children[type_] = found
        return self._children[type_]

    def get(self, id_: object) -> Resource | None:
        """Return the resource with that id, if it is in this context."""
        return self._by_id.get(id_.lower()) if isinstance(id_, str) else None

    @cached_property
    def _by_urn(self) -> Mapping[str, Resource]:
        return {r.urn: r for r in self.resources}

    def get_urn(self, urn: str) -> Resource | None:
        """Return the resource with that URN, if it is in this context."""
        return self._by_urn.get(urn)

    def referencing(self, type_: str, path: str, at: Resource) -> list[Resource]:
        """Return the resources of a type whose property contains another's id, or an id below it. `Unknown` where that
        property of one of them is not known yet and depends on the other."""
        if at.id is None:
            raise Unknown("id")
        references = self._references_by(type_, path)
        if references.without_source or at.urn in references.unknown:
            raise Unknown(path)
        return references.known.get(_plain(at.id), [])

    def _references_by(self, type_: str, path: str) -> _References:
        """Return the references by a property, computed once: a large stack needs them for each resource."""
        if (type_, path) not in self._references:
            self._references[type_, path] = _References.of(self.of(type_), path)
        return self._references[type_, path]

    def once(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """Return a result that is the same for many resources, computed once per context."""
        if key not in self._once:
            self._once[key] = make()
        found: T = self._once[key]
        return found

    @cached_property
    def subscriptions(self) -> frozenset[str]:
        """The subscriptions that the estate's files name, also those of stacks that are not deployed yet."""
        return subscriptions_of(self.configs.values()) if self._subscriptions is None else self._subscriptions

    @cached_property
    def members(self) -> Mapping[str, frozenset[str]]:
        """The groups that are members of each group that signs in to staff machines."""
        return members_of_staff(self.configs) if self._members is None else self._members

    def data_class(self, resource: Resource) -> DataClass:
        """Return the data class of a resource: the strictest of its own tag, its stack's and the estate's, so that no
        tag loosens the rules of a stricter stack. The strictest class where none is set."""
        config = self.configs.get(resource.stack)
        stated = config.data_class if config else None
        classes = [found for found in (_data_class(resource), self._classes.get(resource.stack), stated) if found]
        return max(classes, key=list(DataClass).index, default=DataClass.IDENTIFIABLE)


def _data_class(resource: Resource) -> DataClass | None:
    value = resource.at('tags["data-class"]')
    return DataClass(value) if value in list(DataClass) else None


@dataclass(frozen=True)
class _References:
    """The resources of a type by the ids that one property contains."""

    known: dict[str, list[Resource]] = field(default_factory=dict)
    """By each id that the property contains, and each parent of it."""
    unknown: set[str] = field(default_factory=set)
    """The URNs that an unknown property depends on, and whose ids it may contain."""
    without_source: list[Resource] = field(default_factory=list)
    """Resources whose property is unknown and has no recorded source."""

    @classmethod
    def of(cls, resources: Iterable[Resource], path: str) -> _References:
        references, root = cls(), str(parse(path)[0])
        for resource in resources:
            try:
                values = [_plain(value) for value in resource.each(path) if isinstance(value, str)]
                ids = {scope for value in values for scope in with_parents(value)}
            except Unknown:
                depends = resource.property_dependencies.get(root)
                references.unknown.update(depends or ())
                references.without_source.extend([] if depends is not None else [resource])
            else:
                for id_ in ids:
                    references.known.setdefault(id_, []).append(resource)
        return references


def _plain(id_: str) -> str:
    return id_.lower().rstrip("/")


@dataclass(frozen=True)
class Violation:
    """One violation of a policy. The message contains the found and the required value, and no secret."""

    path: str
    message: str


Check = Callable[[Resource, PolicyContext], Iterable[Violation]]
"""Yields the violations of one resource; none means that it passes. May raise `Unknown`."""


def always_applies(_resource: Resource, _context: PolicyContext) -> bool:
    """Return True: a policy concerns every resource of its types."""
    return True


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One policy: the rule, its reason, and its check. It has requirements, a function, or both."""

    id: str
    """Two letters and a number: `ST1`."""
    title: str
    """The rule in one line."""
    why: str
    resource_types: tuple[str, ...]
    """The types of the checked resources, such as `storage:StorageAccount`. `*`: all types."""
    severity: Severity
    controls: ComplianceControls
    fix: str
    requires: tuple[Requirement, ...] = ()
    """Conditions on single properties. The check of them is derived."""
    check: Check | None = None
    """The rest of the rule."""
    early_check: Check | None = None
    """The part of `check` that needs no other resources; the pack evaluates it before the resource is created."""
    required_by_check: tuple[Requirement, ...] = ()
    """Requirements that `check` makes on a condition that Checkov cannot see; Checkov always makes them."""
    optional_controls: tuple[Requirement, ...] = ()
    """Conditions that the estate may choose. Nothing requires them; to give one up is permitted, and weakens."""
    check_paths: tuple[str, ...] = ()
    """The paths that `check` and `applies` read, without those of requirements; of other types as `type:path`."""
    applies: Callable[[Resource, PolicyContext], bool] = always_applies
    """Return False where the policy does not concern a resource of its types: the verdict is then not applicable."""
    evaluation_scope: Literal["resource", "stack", "estate"] = "resource"
    """`stack`: the check reads other resources of the same stack. `estate`: it needs all stacks of the estate."""
    needs_config: bool = False
    """True if the check compares with the stack's configuration. Without it the verdict is not applicable."""
    checkov: tuple[str, ...] = ()
    """Checkov's built-in checks for ARM that require the same."""

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """All conditions on single properties."""
        return (*self.requires, *self.required_by_check)

    @property
    def property_paths(self) -> tuple[str, ...]:
        """All property paths that the policy reads."""
        return tuple(dict.fromkeys((*(requirement.path for requirement in self.requirements), *self.check_paths)))

    @cached_property
    def typed_paths(self) -> tuple[tuple[str, str], ...]:
        """All property paths that the policy reads, each after the type that it is read from."""
        found: dict[tuple[str, str], None] = {}
        for requirement in self.requirements:
            types = (requirement.only_on,) if requirement.only_on else self.resource_types
            found |= dict.fromkeys((type_, requirement.path) for type_ in types)
        for path in self.check_paths:
            type_, _, plain = path.rpartition(":")
            found |= dict.fromkeys((own, plain) for own in ((type_,) if type_ else self.resource_types))
        return tuple(found)


@dataclass(frozen=True)
class Finding:
    """The result of one policy for one resource."""

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


def resource_of(planned: PlannedResource, *, stack: str, subscription: str = "") -> Resource:
    """Return a planned resource in the form that rules read."""
    return Resource(
        urn=planned.urn,
        type=plain_type(planned.type),
        name=planned.name,
        stack=stack,
        inputs=planned.inputs,
        before=planned.old_inputs,
        id=planned.id,
        dependencies=planned.dependencies,
        property_dependencies=planned.property_dependencies,
        protect=planned.protect,
        ignore_changes=planned.ignore_changes,
        retain_on_delete=planned.retain_on_delete,
        foreign_aliases=planned.foreign_aliases,
        imported=planned.operation is Operation.IMPORT,
        subscription=subscription,
    )
