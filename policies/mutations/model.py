"""What can be weakened, and one weakened resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.model import Estate, Resource

Value = Any
"""A JSON value."""
When = Callable[[Resource, Estate], bool]
Pick = Callable[[Resource, Estate], Iterable[tuple[str, Value]]]
"""Values that depend on what else is there, such as the id of another spoke: each with the words for it."""


def always(_: Resource, __: Estate) -> bool:
    """The property weakens wherever it stands."""
    return True


@dataclass(frozen=True)
class Weakening:
    """One property, and what makes it weaker: other values, its absence (then Azure's default acts), not knowing it."""

    path: str
    """As `Resource.at` reads it; with `[*]`, each element in turn. What is not there yet is added."""
    to: tuple[Value, ...] = ()
    harm: str = ""
    """What it would let happen."""
    absent: str = ""
    """Why leaving it out weakens nothing; empty where it does."""
    known: str = ""
    """Why not knowing it weakens nothing; empty where it does."""
    pick: Pick | None = None
    when: When = always


@dataclass(frozen=True)
class Rework:
    """Properties that belong together, such as the rules of a list: made weaker as a whole."""

    covers: tuple[str, ...]
    """The paths that it weakens."""
    make: Callable[[Mapping[str, Value]], Iterable[tuple[str, Mapping[str, Value]]]]
    """From the inputs of a resource: each weaker version of them, with the words for it."""
    harm: str
    when: When = always


@dataclass(frozen=True)
class Removal:
    """The resource itself is gone, and what it was there for with it."""

    harm: str
    when: When = always


@dataclass(frozen=True)
class Harmless:
    """A property that the shipped stacks set, and that cannot be weakened."""

    path: str
    because: str


@dataclass(frozen=True)
class Table:
    """All that is known of one type."""

    type: str
    weakenings: tuple[Weakening | Rework, ...] = ()
    harmless: tuple[Harmless, ...] = ()
    removal: Removal | None = None


@dataclass(frozen=True)
class Addition:
    """A resource that nobody asked for."""

    label: str
    harm: str
    make: Callable[[Estate, str], Iterable[Resource]]
    """From the whole estate and the name of a stack: the resources that are added to that stack, one a mutant."""


@dataclass(frozen=True)
class Mutant:
    """A plan in which one thing is weaker."""

    stack: str
    urn: str
    """Of what was weakened, taken away, or added."""
    type: str
    name: str
    label: str
    """What was done: `publicNetworkAccess = "Enabled"`."""
    harm: str
    before: Resource | None
    after: Resource | None
    """None: it is gone."""
    path: str = ""

    @property
    def id(self) -> str:
        """What tells it from all others; the same in every run."""
        return f"{self.urn}: {self.label}"


@dataclass(frozen=True)
class Refusal:
    """Why a door refused."""

    by: str
    """The policy, or the check."""
    what: str
    where: str = ""
    """The resource that it named, where it is not the mutated one."""


Refusals = Mapping[str, Refusal | None]
"""By the id of a mutant; None: it was let through. A mutant that a checker does not check is absent."""


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant at each door."""

    mutant: Mutant
    refusals: Mapping[str, Refusal | None] = field(default_factory=dict)
    """By door; None: it let the mutant through. A door that has nothing to say of it is left out."""

    def caught(self, checker: str) -> bool:
        """Whether that door refused."""
        return self.refusals.get(checker) is not None
