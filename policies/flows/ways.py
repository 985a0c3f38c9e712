"""Controls, and the ways on which they would have to fail.

A way is the set of controls that must fail at once before something gets somewhere; no control at all means that it
gets there today. Ways add up as sets do: a control met twice on one way fails once.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    SIGN_IN = "sign-in"
    SECURITY_GROUP = "network security groups"
    ROUTE = "routes"
    FIREWALL = "firewall rules"
    FIREWALL_DENIAL = "firewall denials"
    PEERING = "peerings"
    ENDPOINT = "private endpoints"
    PUBLIC = "public network access"
    NETWORK_RULES = "network rules of stores"
    ADDRESS = "public addresses"
    BASTION = "Bastion"
    CONDITION = "conditions of role assignments"


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
    """One way to get somewhere: the controls that must fail, and what is then done, in words."""

    controls: frozenset[Control]
    steps: tuple[str, ...] = ()

    def also(self, other: Way) -> Way:
        """Both, one after the other."""
        return Way(self.controls | other.controls, self.steps + other.steps)


Ways = tuple[Way, ...]
"""All that are worth telling apart; none at all: there is no way."""
OPEN: Ways = (Way(frozenset()),)
CLOSED: Ways = ()


def through(*controls: Control, step: str = "") -> Ways:
    """The one way on which all these fail."""
    return (Way(frozenset(controls), (step,) if step else ()),)


def step(words: str) -> Ways:
    """What nothing stops, in words."""
    return (Way(frozenset(), (words,)),)


def either(*alternatives: Ways) -> Ways:
    """Any of these."""
    return smallest(way for ways in alternatives for way in ways)


def both(*parts: Ways) -> Ways:
    """All of these, one after the other."""
    total = OPEN
    for ways in parts:
        together = [first.also(second) for first in total for second in ways]
        total = smallest(together) if len(together) > 1 else tuple(together)
    return total


def smallest(ways: Iterable[Way]) -> Ways:
    """Those that no other way contains, the fewest controls first."""
    kept: list[Way] = []
    for way in sorted(ways, key=lambda w: len(w.controls)):
        if len(way.controls) <= MOST and not any(other.controls <= way.controls for other in kept):
            kept.append(way)
    return tuple(kept)


def waived(ways: Ways, may_change: Iterable[str]) -> Ways:
    """The same ways for somebody who may change everything in these scopes (lower-case ARM ids)."""
    scopes = tuple(may_change)
    if not scopes:
        return ways
    return smallest(Way(frozenset(c for c in way.controls if not _in(c.resource, scopes)), way.steps) for way in ways)


def _in(resource: str, scopes: tuple[str, ...]) -> bool:
    return bool(resource) and any(resource == scope or resource.startswith(f"{scope}/") for scope in scopes)
