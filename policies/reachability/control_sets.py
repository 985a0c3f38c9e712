"""Controls, and the ways on which they would have to fail.

A way is the set of controls that must fail at once before something gets somewhere; no control at all means that it
gets there today. Ways add up as sets do: a control met twice on one way fails once. The sets are bits of one number,
which a ledger gives to each control: so they add up and compare at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

MOST = 6
"""Ways with more controls than this are not told apart from ways that do not exist."""


class Layer(StrEnum):
    """What kind of thing a control is, as a reviewer groups them."""

    GRANT = "role assignments"
    KEY_ACCESS = "account keys"
    ANONYMOUS = "anonymous access"
    ENCRYPTION = "encryption keys"
    SECURITY_GROUP = "network security groups"
    ROUTE = "routes"
    FIREWALL = "firewall rules"
    FIREWALL_DENIAL = "firewall denials"
    PEERING = "peerings"
    ENDPOINT = "private endpoints"
    SERVICE_ENDPOINT = "service endpoints"
    PUBLIC = "public network access"
    NETWORK_RULES = "network rules of stores"
    ADDRESS = "public addresses"
    BASTION = "Bastion"
    SHELL = "remote shells"
    GUARD = "guard rails (Azure Policy)"


@dataclass(frozen=True, slots=True, order=True)
class Control:
    """One thing that stops something and can fail by itself. The same wherever it has the same layer and id."""

    layer: Layer
    id: str
    says: str = field(compare=False, default="")
    """What holds today, in words."""
    resource: str = field(compare=False, default="")
    """The ARM id of what it is a property of: whoever may change that can make the control fail."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to get somewhere: the controls that must fail, as bits, and what is then done, in words."""

    mask: int = 0
    steps: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many controls must fail."""
        return self.mask.bit_count()

    def also(self, other: Way) -> Way:
        """Both, one after the other."""
        return Way(self.mask | other.mask, self.steps + other.steps)


Ways = tuple[Way, ...]
"""All that are worth telling apart; none at all: there is no way."""
OPEN: Ways = (Way(),)
CLOSED: Ways = ()


class Ledger:
    """The controls of an estate, each with a bit of its own."""

    def __init__(self) -> None:
        self._numbers: dict[Control, int] = {}
        self._controls: list[Control] = []

    def bit(self, control: Control) -> int:
        """The bit of a control, new or known."""
        number = self._numbers.setdefault(control, len(self._controls))
        if number == len(self._controls):
            self._controls.append(control)
        return 1 << number

    def through(self, *controls: Control, step: str = "") -> Ways:
        """The one way on which all these fail."""
        mask = 0
        for control in controls:
            mask |= self.bit(control)
        return (Way(mask, (step,) if step else ()),)

    def controls(self, mask: int) -> Iterator[Control]:
        """The controls that bits stand for."""
        while mask:
            low = mask & -mask
            yield self._controls[low.bit_length() - 1]
            mask ^= low

    def waived(self, ways: Ways, may_change: Iterable[str]) -> Ways:
        """The same ways for somebody who may change everything in these scopes (lower-case ARM ids)."""
        scopes = tuple(may_change)
        if not scopes:
            return ways
        return smallest(Way(self._waived(way.mask, scopes), way.steps) for way in ways)

    def _waived(self, mask: int, scopes: tuple[str, ...]) -> int:
        for control in list(self.controls(mask)):
            if _in(control.resource, scopes):
                mask &= ~self.bit(control)
        return mask


def step(words: str) -> Ways:
    """What nothing stops, in words."""
    return (Way(0, (words,)),)


def either(*alternatives: Ways) -> Ways:
    """Any of these."""
    return smallest(way for ways in alternatives for way in ways)


def both(*parts: Ways) -> Ways:
    """All of these, one after the other."""
    total = OPEN
    for ways in parts:
        if len(total) == 1 and len(ways) == 1:
            together = total[0].also(ways[0])
            total = (together,) if together.size <= MOST else CLOSED
        else:
            total = smallest(first.also(second) for first in total for second in ways)
        if not total:
            return CLOSED
    return total


def smallest(ways: Iterable[Way]) -> Ways:
    """Those that no other way contains, the fewest controls first."""
    kept: list[Way] = []
    for way in sorted(ways, key=lambda way: way.mask.bit_count()):
        mask = way.mask
        if mask.bit_count() <= MOST and not any(other.mask & mask == other.mask for other in kept):
            kept.append(way)
    return tuple(kept)


def _in(resource: str, scopes: tuple[str, ...]) -> bool:
    return bool(resource) and any(
        not scope or resource == scope or resource.startswith(f"{scope}/") for scope in scopes
    )
