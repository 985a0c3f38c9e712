"""The words for what a holder gains or loses: in the access diff of a plan and on the pages of past changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GAINED, LOST, CHANGED = "gained", "lost", "changed"
NO_WAY = "right without a way in"


@dataclass(frozen=True)
class Difference:
    """The change of access of one holder, as the ledger keeps it: texts alone."""

    effect: str
    may: Sequence[str]
    roles: Sequence[str] = ()
    ways: Sequence[str] = ()
    ways_before: Sequence[str] = ()
    conditions: Sequence[str] = ()
    conditions_before: Sequence[str] = ()
    is_usable: bool = True
    is_pending: bool = False

    @property
    def opens(self) -> bool:
        """True if the holder can do more than before."""
        if self.effect != CHANGED:
            return self.effect == GAINED
        is_looser = bool(self.conditions_before) and tuple(self.conditions) != tuple(self.conditions_before)
        return bool(set(self.ways) - set(self.ways_before)) or is_looser

    @property
    def does(self) -> str:
        """The words for what the holder can do, or no longer do, after the change."""
        what = ", ".join(self.may)
        if self.effect != CHANGED:
            return f"can now {what}" if self.effect == GAINED else f"can no longer {what}"
        if self.ways and not self.ways_before:
            return f"can now {what}, by the role it had and its first network way"
        if self.ways_before and not self.ways:
            return f"can no longer {what}, and keeps the role without a network way"
        return f"still can {what}, by other ways or conditions"

    @property
    def grounds(self) -> str:
        """The roles, the network ways and the conditions; of what only changes, the differences."""
        parts = [" and ".join(self.roles)] if self.roles else []
        if self.effect == CHANGED:
            parts += _differences("way", self.ways_before, self.ways)
            parts += _differences("condition", self.conditions_before, self.conditions)
        else:
            parts += list(self.ways) if self.is_usable else [NO_WAY]
            parts += self.conditions
        return "; ".join([*parts, *(["a revocation that failed before"] if self.is_pending else [])])


def _differences(what: str, before: Sequence[str], after: Sequence[str]) -> list[str]:
    added = [f"new {what}: {one}" for one in after if one not in before]
    removed = [f"no longer by the {what}: {one}" for one in before if one not in after]
    return [*added, *removed]
