"""The model of the tables of weaknesses, and of a mutant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from policies.model import PolicyContext, Resource

Value = Any
"""A JSON value."""
When = Callable[[Resource, PolicyContext], bool]
Pick = Callable[[Resource, PolicyContext], Iterable[tuple[str, Value]]]
"""Returns values that depend on other resources, such as the id of another spoke; each after its text in the label."""


def always(_: Resource, __: PolicyContext) -> bool:
    """Apply the weakening to every resource of the type."""
    return True


def has_config(resource: Resource, estate: PolicyContext) -> bool:
    """True where the estate's configuration of a stack is known, with which policies compare."""
    return resource.stack in estate.configs


@dataclass(frozen=True)
class Weakening:
    """One property with its weaker values. A missing value, for which Azure's default applies, and an unknown value are
    weaker too, unless `missing_ok` or `unknown_ok` has a reason."""

    path: str
    """A path for `Resource.at`; `[*]` means each entry in turn. A missing property is added."""
    values: tuple[Value, ...] = ()
    harm: str = ""
    """The possible consequence."""
    missing_ok: str = ""
    """Why a missing value weakens nothing; empty where it does."""
    unknown_ok: str = ""
    """Why an unknown value weakens nothing; empty where it does."""
    pick: Pick | None = None
    when: When = always


@dataclass(frozen=True)
class Rework:
    """Properties that are weakened together, such as the rules of a list."""

    covers: tuple[str, ...]
    """The paths that it weakens."""
    make: Callable[[Mapping[str, Value]], Iterable[tuple[str, Mapping[str, Value]]]]
    """Returns the weaker versions of a resource's inputs, each after its text in the label."""
    harm: str
    when: When = always


@dataclass(frozen=True)
class Removal:
    """The removal of the resource."""

    harm: str
    when: When = always


@dataclass(frozen=True)
class Harmless:
    """A property that the shipped stacks set, and that cannot be weakened."""

    path: str
    because: str


@dataclass(frozen=True)
class Table:
    """The weaknesses of one type."""

    type: str
    weakenings: tuple[Weakening | Rework, ...] = ()
    harmless: tuple[Harmless, ...] = ()
    removal: Removal | None = None


@dataclass(frozen=True)
class Addition:
    """A resource that is added to a stack."""

    label: str
    harm: str
    make: Callable[[PolicyContext, str], Iterable[Resource]]
    """Returns the resources, one for each mutant, that are added to a stack. It gets the estate and a stack's name."""


class AddedKind(StrEnum):
    """A kind of mutant that adds what the SDK offers."""

    PROPERTY = "property"
    REFERENCE = "reference"
    ENUM_VALUE = "enum value"
    CHILD = "child"


@dataclass(frozen=True)
class Mutant:
    """A plan with one weakness."""

    stack: str
    urn: str
    """The URN of the resource that was weakened, removed or added."""
    type: str
    name: str
    label: str
    """The change: `publicNetworkAccess = "Enabled"`."""
    harm: str
    before: Resource | None
    after: Resource | None
    """The resource before and after the change; None if it is added or removed."""
    path: str = ""
    added: AddedKind | None = None
    """The kind of an addition that the SDK offers; None for a mutant of the tables."""
    judges: tuple[str, ...] = ()
    """The policies of which one must refuse the mutant; none: any policy."""
    harmless: str = ""
    """Why an addition need not be refused; empty where it must be."""

    @property
    def id(self) -> str:
        """Its identifier, the same in every run."""
        return f"{self.urn}: {self.label}"


@dataclass(frozen=True)
class Refusal:
    """Why a detector refused."""

    by: str
    """The id of the policy, or of Checkov's check."""
    why: str
    resource: str = ""
    """The name of the refused resource, if that is not the mutated one."""


Refusals = Mapping[str, Refusal | None]
"""By the id of a mutant; None: not refused. A mutant that a detector does not check is absent."""


@dataclass(frozen=True)
class Outcome:
    """The result of every detector for one mutant."""

    mutant: Mutant
    refusals: Mapping[str, Refusal | None] = field(default_factory=dict)
    """By detector; None: not refused. A detector that does not check the mutant is absent."""

    def refused_by(self, detector: str) -> bool:
        """True if that detector refused the mutant."""
        return self.refusals.get(detector) is not None
