"""The stacks of an estate in dependency order, and the selection of stacks by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from formats.errors import InputError, nearest
from formats.stack_names import TENANCY
from operations.engine.port import StackSettings

if TYPE_CHECKING:
    from formats.stack_config import StackConfig
    from operations.estate import ApprovedWay, Expiry, LedgerPlace
    from operations.estate.public_facts import PublicFacts


@dataclass(frozen=True)
class Stack:
    """One stack of the estate."""

    name: str
    kind: str
    cloud: str
    cell: str
    requires: tuple[str, ...]
    """The stacks whose outputs it reads. They must be deployed before it."""
    settings: StackSettings
    expiries: tuple[Expiry, ...] = ()
    """The dates from which it cannot be changed, the earliest first."""
    ways: tuple[ApprovedWay, ...] = ()
    """The approved ways out of the estate and into it that the stack implements."""
    config: StackConfig | None = None
    """The settings as their model. None for an orphaned stack, which the estate's files do not name."""
    is_orphaned: bool = False
    """True if the estate no longer has its request."""
    template: str | None = None
    """The name of a tenancy's service template."""
    public_facts: PublicFacts | None = None
    """The facts of a tenancy's project for the public register."""
    ends_by_itself: bool = False
    """True for a tenancy whose template says that `sde destroy --ended` destroys it after its end."""

    @property
    def has_ended(self) -> bool:
        """True for a tenancy that ends by itself, and whose request has expired."""
        return self.ends_by_itself and any(one.is_past and one.key == "expires" for one in self.expiries)

    @property
    def expired(self) -> tuple[Expiry, ...]:
        """The dates that are past, because of which it cannot be changed."""
        return tuple(expiry for expiry in self.expiries if expiry.is_past)

    @property
    def ended_ways(self) -> tuple[Expiry, ...]:
        """The ends of its ways that are past, because of which a preview refuses it too."""
        return tuple(expiry for expiry in self.expired if expiry.refuses_preview)


class StackCatalog(Protocol):
    """An estate, loaded and validated."""

    @property
    def stacks(self) -> Sequence[Stack]:
        """Every stack in dependency order: required stacks first."""
        ...

    @property
    def orphaned_stacks(self) -> Sequence[Stack]:
        """Stacks that the estate no longer has and that may still be deployed. They can be read and destroyed."""
        ...

    @property
    def ledger(self) -> LedgerPlace | None:
        """Where the ledger of runs in Azure is."""
        ...

    def ends_within(self, stack: Stack, days: int) -> Sequence[Expiry]:
        """Return the dates within some days from which a stack cannot be changed, and those that are past."""
        ...

    def render(self) -> Sequence[Path]:
        """Write each `Pulumi.<stack>.yaml` that differs from the estate. Return the files written."""
        ...

    def stage(self) -> None:
        """Have the stacks refer to configuration files that match the estate, without writing into its folders."""
        ...

    def stale(self) -> Sequence[Path]:
        """Return the files that `render` would write."""
        ...

    def mark_destroyed(self, stack: str) -> None:
        """Increment the generation of a destroyed stack: a new deployment needs new names, because Azure reserves the
        old ones."""
        ...


def select(stacks: Sequence[Stack], names: Sequence[str], everything: bool, cloud: str | None) -> list[Stack]:
    """Return the named stacks in dependency order. `cloud` limits `everything`, and must match each name."""
    if everything and names:
        raise InputError("Name stacks or use --all, not both.", found=" ".join(names))
    if not everything and not names:
        raise InputError("No stack is named.", allowed=_shortened(stacks), fix="name one or more, or use --all")
    unknown = set(names) - {s.name for s in stacks}
    if unknown:
        raise InputError("The estate has no such stack.", found=", ".join(sorted(unknown)), allowed=_shortened(stacks),
                         fix=_suggestion(unknown, stacks))  # fmt: skip
    chosen = [s for s in stacks if everything or s.name in names]
    if cloud is None:
        return chosen
    return _narrowed(chosen, everything, cloud)


def _shortened(stacks: Sequence[Stack], most: int = 20) -> str:
    """Return the names of the first stacks, and the number of the others."""
    names = [s.name for s in stacks[:most]]
    more = [f"and {len(stacks) - most:,} more (scripts/sde stacks)"] if len(stacks) > most else []
    return ", ".join(names + more)


def _suggestion(unknown: Iterable[str], stacks: Sequence[Stack]) -> str | None:
    """Return a suggestion for a misspelt name, or for a project name without the prefix of its stack."""
    names = [s.name for s in stacks]
    suggestions = [match for name in sorted(unknown) if (match := nearest(name, names))]
    suggestions = suggestions or [TENANCY + name for name in sorted(unknown) if TENANCY + name in names]
    return f"did you mean {' and '.join(suggestions)}?" if suggestions else None


def _narrowed(chosen: Sequence[Stack], everything: bool, cloud: str) -> list[Stack]:
    others = [s for s in chosen if s.cloud != cloud]
    narrowed = [s for s in chosen if s.cloud == cloud]
    if narrowed and (everything or not others):
        return narrowed
    raise InputError(
        f"--cloud {cloud} contradicts the configuration of the stacks.",
        file=str(others[0].settings.file) if others else None,
        key="sde:cloud",
        found=", ".join(f"{s.name}: {s.cloud}" for s in others),
        allowed=cloud,
        fix="omit --cloud, or name stacks of that cloud",
    )


def dependents(stacks: Sequence[Stack], names: Iterable[str]) -> list[Stack]:
    """Return the other stacks that require one of `names`, directly or indirectly."""
    required = set(names)
    found: list[Stack] = []
    for stack in stacks:  # in dependency order, so required stacks come first
        if stack.name not in required and required.intersection(stack.requires):
            found.append(stack)
            required.add(stack.name)
    return found


def with_required(stacks: Sequence[Stack], chosen: Iterable[Stack]) -> list[Stack]:
    """Return the chosen stacks and what they require, directly or indirectly, in dependency order."""
    names = {stack.name for stack in chosen}
    for one in reversed(stacks):  # in dependency order, so required stacks come first
        names |= set(one.requires) if one.name in names else set()
    return [one for one in stacks if one.name in names]
