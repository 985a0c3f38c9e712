"""What the commands ask of the estate: its stacks in the order they depend on each other, and their configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from formats.errors import InputError
from operations.engine.port import StackSettings


@dataclass(frozen=True)
class Stack:
    """One stack of the estate."""

    name: str
    kind: str
    cloud: str
    cell: str
    requires: tuple[str, ...]
    """The stacks whose outputs it reads: they must be up before it."""
    settings: StackSettings


class StackCatalog(Protocol):
    """An estate, loaded and validated."""

    @property
    def stacks(self) -> Sequence[Stack]:
        """Every stack; one that is required stands before those that require it."""
        ...

    @property
    def orphaned_stacks(self) -> Sequence[Stack]:
        """Stacks that the estate no longer has, and that may still stand: they can be looked at and destroyed."""
        ...

    def render(self) -> Sequence[Path]:
        """Write each stack's `Pulumi.<stack>.yaml` where it differs from the estate; those written."""
        ...

    def stale(self) -> Sequence[Path]:
        """The files that `render` would write."""
        ...

    def mark_destroyed(self, stack: str) -> None:
        """The stack was destroyed whole: its next life gets names of its own, for Azure holds the old ones."""
        ...


def select(stacks: Sequence[Stack], names: Sequence[str], everything: bool, cloud: str | None) -> list[Stack]:
    """The stacks that a person named, in dependency order. `cloud` narrows `--all`, and contradicts no name."""
    if everything and names:
        raise InputError("Name stacks, or say --all: not both.", found=" ".join(names))
    if not everything and not names:
        raise InputError("Which stack?", allowed=_shortened(stacks), fix="name one or more, or say --all")
    unknown = set(names) - {s.name for s in stacks}
    if unknown:
        raise InputError("The estate has no such stack.", found=", ".join(sorted(unknown)), allowed=_shortened(stacks),
                         fix=_nearest(unknown, stacks))  # fmt: skip
    chosen = [s for s in stacks if everything or s.name in names]
    if cloud is None:
        return chosen
    return _narrowed(chosen, everything, cloud)


def _shortened(stacks: Sequence[Stack], most: int = 20) -> str:
    """The stacks' names, as many as a person reads."""
    names = [s.name for s in stacks[:most]]
    more = [f"and {len(stacks) - most:,} more (scripts/sde stacks)"] if len(stacks) > most else []
    return ", ".join(names + more)


def _nearest(unknown: Iterable[str], stacks: Sequence[Stack]) -> str | None:
    """What was probably meant: a slip of the pen, or a project named without what its stack's name begins with."""
    names = [s.name for s in stacks]
    meant = [match for name in sorted(unknown) for match in get_close_matches(name, names, n=1, cutoff=0.7)]
    meant = meant or [f"tre-{name}" for name in sorted(unknown) if f"tre-{name}" in names]
    return f"did you mean {' and '.join(meant)}?" if meant else None


def _narrowed(chosen: Sequence[Stack], everything: bool, cloud: str) -> list[Stack]:
    others = [s for s in chosen if s.cloud != cloud]
    narrowed = [s for s in chosen if s.cloud == cloud]
    if narrowed and (everything or not others):
        return narrowed
    raise InputError(
        f"--cloud {cloud} does not fit: a stack's cloud is what its configuration says.",
        file=str(others[0].settings.file) if others else None,
        key="sde:cloud",
        found=", ".join(f"{s.name}: {s.cloud}" for s in others),
        allowed=cloud,
        fix="leave --cloud out, or name stacks of that cloud",
    )


def dependents(stacks: Sequence[Stack], names: Iterable[str]) -> list[Stack]:
    """The stacks beyond `names` that require one of them, directly or through another."""
    gone = set(names)
    found: list[Stack] = []
    for stack in stacks:  # dependency order: whoever is required was seen before
        if stack.name not in gone and gone.intersection(stack.requires):
            found.append(stack)
            gone.add(stack.name)
    return found
