"""Equivalent tenancies: evaluate two of each class, and copy the result of the first to the others.

Two tenancies are equivalent where exchanging their identifiers leaves the estate as it is. That is decided on their
shapes (`stack_shape.py`). An identifier counts as exchangeable only if no other stack mentions it. One kind of mention
is allowed, because the shared stacks name the addresses of all tenancies: an address that is a whole value, or an entry
of a list of values, which policies read as a set. Two tenancies are equivalent only if the shared stacks have the same
addresses of both, relative to their address space, at the same property paths.

Two tenancies in different subscriptions are equivalent only if what belongs to the one subscription itself, and what
names it as a scope, is the same for the other.

A public range of its own, from which people come, is exchangeable only if no range that the estate mentions is inside.

The class also holds what else an exchange could change: the ranges that contain the tenancy's address space, and the
wildcard names of firewall rules that match its stores.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network

from formats.stack_config import TenancyConfig, is_kind
from policies.azure_semantics.addresses import PRIVATE_RANGES
from policies.reachability.egress import PUBLIC_ADDRESS
from policies.stack_shape import ADDRESS_OF_PEOPLE, PRINCIPAL, TOKEN, StackShape, parse_range

REPRESENTATIVES = 2
"""As many tenancies of each class are in the evaluated estate: flows lead from one to another."""
CONSTANTS = frozenset([*(n for n in PRIVATE_RANGES if isinstance(n, IPv4Network)), PUBLIC_ADDRESS])
"""The ranges that policies themselves compare addresses with."""
RENAMED = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)|[A-Za-z0-9_-]+")
OWN_GROUP = re.compile(
    r"/subscriptions/(?P<subscription>[\w-]+)(?P<rest>/resourcegroups/(?P<group>[\w-]+))", re.IGNORECASE | re.ASCII
)
Signature = tuple[object, ...]


@dataclass(frozen=True)
class EquivalentTenancy:
    """A tenancy that gets the results of an equivalent one, the representative."""

    shape: StackShape
    of: StackShape
    """The representative."""

    @property
    def stack(self) -> str:
        """The tenancy's stack."""
        return self.shape.stack

    @property
    def representative(self) -> str:
        """The representative's stack."""
        return self.of.stack

    def rename(self, text: str) -> str:
        """Return a text about the representative as a text about this tenancy. Both may be in it."""
        if self.of.subscription != self.shape.subscription:
            text = OWN_GROUP.sub(self._moved, text)
        return RENAMED.sub(self._renamed, text)

    def _moved(self, found: re.Match[str]) -> str:
        """Return the id of a resource group of one of the two in the subscription of the other."""
        for one, other in ((self.of, self.shape), (self.shape, self.of)):
            if found["subscription"].lower() == one.subscription and found["group"].lower() in one.names:
                return f"/subscriptions/{other.subscription}{found['rest']}"
        return found.group()

    def _renamed(self, found: re.Match[str]) -> str:
        token = found.group()
        return self._address(token) if "." in token else self._names.get(token, token)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """The identifiers of the representative, as they are written and in lower case, with this tenancy's in their
        place; and the other way around."""
        found: dict[str, str] = {}
        pairs = zip(self.of.identifiers, self.shape.identifiers, strict=True)
        for (kind, one), (_, other) in [(("", self.of.stack), ("", self.shape.stack)), *pairs]:
            found |= {one.lower(): other.lower(), one: other}
            if kind == PRINCIPAL:
                found[one[:8]] = other[:8]
        return {other: one for one, other in found.items()} | found

    @cached_property
    def _people(self) -> Mapping[str, str]:
        """The first address of each range of people of the representative, with this tenancy's; and the other way."""
        texts = zip(*map(_addresses_of_people, (self.of, self.shape)), strict=True)
        pairs = [tuple(text.partition("/")[0] for text in pair) for pair in texts]
        return {other: one for one, other in pairs} | dict(pairs)

    def _address(self, token: str) -> str:
        """Return an address of the representative as this tenancy's, and the other way around."""
        if token in self._people:
            return self._people[token]
        range_ = parse_range(token)
        pairs = [*zip(self.of.networks, self.shape.networks, strict=True)]
        for one, other in [*pairs, *((other, one) for one, other in pairs)]:
            if range_ and range_.subnet_of(one):
                return str(other.network_address + (int(IPv4Address(token)) - int(one.network_address)))
        return token


@dataclass(frozen=True)
class Folding:
    """The tenancies that get the results of a representative, and those of them that are not evaluated."""

    equivalents: tuple[EquivalentTenancy, ...] = ()
    """The second representative of a class is among them, although it is evaluated."""
    absent: frozenset[str] = frozenset()
    """The tenancies that are left out of the evaluated estate."""

    @property
    def represented(self) -> frozenset[str]:
        """The evaluated tenancies that also get the results of a representative."""
        return frozenset(one.stack for one in self.equivalents) - self.absent


NO_FOLDING = Folding()


def may_fold(stacks: Iterable[str]) -> bool:
    """True if an estate of these stacks has more tenancies than represent one class, so that they are compared."""
    return sum(is_kind(stack, TenancyConfig) for stack in stacks) > REPRESENTATIVES


class EquivalenceClasses:
    """The tenancies of an estate by equivalence class."""

    def __init__(self, shapes: Sequence[StackShape]) -> None:
        """`shapes`: of every stack of the estate. The first tenancies of a class represent it."""
        self.shapes = {shape.stack: shape for shape in shapes}
        self.tenancies = {stack: one for stack, one in self.shapes.items() if is_kind(stack, TenancyConfig)}

    def folding(self) -> Folding:
        """Return the tenancies that get the results of a representative."""
        if not may_fold(self.tenancies):
            return NO_FOLDING
        classes: dict[Signature, list[str]] = {}
        equivalents: list[EquivalentTenancy] = []
        absent: list[str] = []
        for stack, tenancy in self.tenancies.items():
            if stack in self.unexchangeable:
                continue
            known = classes.setdefault(self.signature(tenancy), [])
            known.append(stack)
            if len(known) > 1:
                equivalents.append(EquivalentTenancy(tenancy, self.shapes[known[0]]))
            if len(known) > REPRESENTATIVES:
                absent.append(stack)
        return Folding(tuple(equivalents), frozenset(absent))

    def signature(self, tenancy: StackShape) -> Signature:
        """Return a key that is equal for two tenancies only if they can be exchanged."""
        own = (None if self._is_unique(kind, text, tenancy) else text for kind, text in tenancy.identifiers)
        return (tenancy.template, *own, *self._surroundings(tenancy))

    def _is_unique(self, kind: str, spelled: str, tenancy: StackShape) -> bool:
        """True if no other stack mentions an identifier, nor a range inside it."""
        identifier = spelled.lower()
        elsewhere = self._mentioned[identifier] - (identifier in self._words[tenancy.template])
        is_alone = kind != ADDRESS_OF_PEOPLE or self._number_inside(IPv4Network(spelled)) == 1
        return is_alone and elsewhere + self._identified[identifier] == 1

    def _number_inside(self, range_: IPv4Network) -> int:
        """Return how many ranges of the estate are inside a range, itself among them."""
        first, last = int(range_.network_address), int(range_.broadcast_address)
        start, end = bisect_left(self._every_range, (first, 0)), bisect_right(self._every_range, (last, 32))
        return sum(length >= range_.prefixlen for _, length in self._every_range[start:end])

    @cached_property
    def _every_range(self) -> list[tuple[int, int]]:
        """Every range that the estate has, sorted: the start and the prefix length. People's, once for each tenancy."""
        spaces = frozenset(map(_bits, (space for space, _ in self._spaces)))
        return sorted([*(self._mentioned_ranges | spaces), *self._ranges_of_people])

    @cached_property
    def _ranges_of_people(self) -> list[tuple[int, int]]:
        return [_bits(IPv4Network(text)) for one in self.tenancies.values() for text in _addresses_of_people(one)]

    def may_be_mentioned(self, id_: str, stack: str) -> bool:
        """True if stacks other than this one mention each word of an id, which they do if they mention the id."""
        shape = self.shapes[stack]
        return all(self._is_elsewhere(token, shape) for token in set(TOKEN.findall(id_.lower())))

    def _is_elsewhere(self, token: str, shape: StackShape) -> bool:
        own = (token in self._words[shape.template]) + (token in shape.names)
        return "." in token or self._mentioned[token] + self._identified[token] > own

    @cached_property
    def _identified(self) -> Counter[str]:
        """The number of stacks that have each identifier as their own."""
        return Counter(name for shape in self.shapes.values() for name in shape.names)

    @cached_property
    def _mentioned(self) -> Counter[str]:
        """The number of stacks that mention each word."""
        stacks = Counter(shape.template for shape in self.shapes.values())
        counted: Counter[str] = Counter()
        for template, words in self._words.items():
            counted.update(dict.fromkeys(words, stacks[template]))
        return counted

    @cached_property
    def _words(self) -> Mapping[str, frozenset[str]]:
        """The words of each template."""
        by_template = {shape.template: shape for shape in self.shapes.values()}
        return {template: frozenset(shape.words) for template, shape in by_template.items()}

    @cached_property
    def unexchangeable(self) -> frozenset[str]:
        """The tenancies that cannot be exchanged with any other, because of addresses.

        These are the tenancies with a firewall, from whose addresses others are computed; those whose address space
        overlaps another tenancy's, or holds a constant of a policy; those with an address that another tenancy
        mentions, and the tenancies that mention it; those with an address that a shared stack mentions as part of a
        longer text; and those with part of a range that is given by its first and last address.
        """
        found = {stack for stack, one in self.tenancies.items() if one.has_firewall}
        found |= set(_overlapping(self._spaces))
        for stack, tenancy in self.tenancies.items():
            owners = {self._owner(range_) for range_ in self._ranges[tenancy.template]} - {stack, ""}
            if owners:
                found |= {*owners, stack}
        shared = [shape for stack, shape in self.shapes.items() if stack not in self.tenancies]
        embedded = (parse_range(text) for shape in shared for text in shape.embedded)
        return frozenset(found | {self._owner(range_) for range_ in [*embedded, *CONSTANTS, *self._bounded]})

    @cached_property
    def _ranges(self) -> Mapping[str, frozenset[IPv4Network]]:
        """The addresses and ranges of each template that are in no address space of its own."""
        return {
            template: frozenset(range_ for word in words if "." in word and (range_ := parse_range(word)))
            for template, words in self._words.items()
        }

    @cached_property
    def _bounded(self) -> list[IPv4Network]:
        return [IPv4Network(range_) for shape in self.shapes.values() for range_ in shape.bounded]

    @cached_property
    def _shared_mentions(self) -> Mapping[str, list[str]]:
        """For each tenancy, the property paths at which shared stacks mention its addresses, each with the address
        relative to its address space."""
        mentions: dict[str, list[str]] = {}
        for shape in self.shapes.values():
            for where, text in shape.mentions if shape.stack not in self.tenancies else ():
                owner = self._owner(parse_range(text))
                if owner:
                    mentions.setdefault(owner, []).append(f"{where} {self.tenancies[owner].relative(text)}")
        return {stack: sorted(found) for stack, found in mentions.items()}

    @cached_property
    def _subscription_mentions(self) -> Mapping[str, list[str]]:
        """For each subscription, the digests of what belongs to it or names it as a scope."""
        mentions: dict[str, list[str]] = {}
        for shape in self.shapes.values():
            for subscription, digest, name in shape.subscription_mentions:
                if not name or self._mentioned[name] or self._identified[name] > 1:
                    mentions.setdefault(subscription, []).append(digest)
        return {subscription: sorted(found) for subscription, found in mentions.items()}

    def _owner(self, range_: IPv4Network | None) -> str:
        """Return the tenancy in whose address space a range lies; empty where there is none."""
        if range_ is None:
            return ""
        place = bisect_right(self._starts, int(range_.network_address)) - 1
        space, stack = self._spaces[place] if place >= 0 else (None, "")
        return stack if space and range_.subnet_of(space) else ""

    @cached_property
    def _spaces(self) -> list[tuple[IPv4Network, str]]:
        """Every address space, in the order of their addresses."""
        return sorted((space, one.stack) for one in self.tenancies.values() for space in one.networks)

    @cached_property
    def _starts(self) -> list[int]:
        return [int(space.network_address) for space, _ in self._spaces]

    def _surroundings(self, tenancy: StackShape) -> Iterator[str]:
        """Yield the facts that an exchange could change outside a tenancy, or in how policies read its identifiers."""
        yield from self._shared_mentions.get(tenancy.stack, ())
        yield from self._subscription_mentions.get(tenancy.subscription, ())
        for space in (*tenancy.networks, *map(IPv4Network, _addresses_of_people(tenancy))):
            yield " ".join(map(str, self._around(space)))
        for host in tenancy.hosts:
            yield " ".join(name for name in self._wildcards if fnmatchcase(host, name))

    def _around(self, space: IPv4Network) -> Iterator[IPv4Network]:
        """Yield the ranges that contain an address space, of those that the estate mentions or a policy knows."""
        first = int(space.network_address)
        for length in range(space.prefixlen):
            outer = (first >> (32 - length) << (32 - length), length)
            if outer in self._all_ranges:
                yield IPv4Network(outer)

    @cached_property
    def _all_ranges(self) -> frozenset[tuple[int, int]]:
        """Every range that the estate mentions, or that a policy compares addresses with."""
        return self._mentioned_ranges.union(self._ranges_of_people)

    @cached_property
    def _mentioned_ranges(self) -> frozenset[tuple[int, int]]:
        """The same without the ranges of tenancies' people."""
        return frozenset(map(_bits, [*frozenset().union(*self._ranges.values()), *self._bounded, *CONSTANTS]))

    @cached_property
    def _wildcards(self) -> list[str]:
        """The names with a wildcard in firewall rules."""
        return sorted({name for shape in self.shapes.values() for name in shape.wildcards})


def _bits(range_: IPv4Network) -> tuple[int, int]:
    """Return the start and the prefix length of a range."""
    return int(range_.network_address), range_.prefixlen


def _addresses_of_people(shape: StackShape) -> Iterator[str]:
    return (spelled for kind, spelled in shape.identifiers if kind == ADDRESS_OF_PEOPLE)


def _overlapping(spaces: Iterable[tuple[IPv4Network, str]]) -> Iterator[str]:
    """Yield the stacks whose address space overlaps another, their own included."""
    widest: tuple[IPv4Network, str] | None = None
    for space, stack in sorted(spaces):
        if widest and space.overlaps(widest[0]):
            yield from (stack, widest[1])
        if widest is None or space.broadcast_address > widest[0].broadcast_address:
            widest = (space, stack)
