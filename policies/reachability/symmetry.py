"""Symmetry reduction: analyse two tenancies of each equivalence class, and copy the result to the others.

Two tenancies are equivalent if an exchange of their identifiers leaves the estate unchanged. This is decided on the
canonical JSON of each tenancy's resources, with its own identifiers replaced by numbered placeholders. An identifier is
replaced only if nothing outside the tenancy mentions it, and only in these places:

- the name of a resource: a segment of an ARM id or URL, or the value of a property whose key ends in "name";
- the stack: in a URN, and as a resource's stack;
- a principal that the tenancy grants roles to: as `principalId` of a role assignment;
- an IPv4 address or range in the tenancy's own address space: anywhere.

Everything else is compared as it is, so that tenancies which differ in it are in different classes, and so is a tenancy
that another stack mentions. One kind of mention is allowed, because the shared stacks name the addresses of all
tenancies: an address that is a whole value, or an entry of a list, which the analysis reads as a set. Two tenancies are
equivalent only if the shared stacks have the same addresses of both, relative to their address space, at the same
property paths.

The class also depends on the ranges that contain the tenancy's address space, and on the wildcard names in firewall
rules that match its stores, because an exchange could change which of them apply.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv4Network, summarize_address_range

from formats.addresses import ZoneName
from policies.azure_semantics.addresses import PRIVATE_RANGES
from policies.azure_semantics.firewall import POLICY, rules_of_policy
from policies.azure_semantics.network import NETWORK, prefixes_of
from policies.azure_semantics.role_assignments import ASSIGNMENT
from policies.azure_semantics.roles import RIGHTS
from policies.model import Resource, Unknown
from policies.reachability.data_stores import ACCOUNT, CONTAINER, VAULT, host_of
from policies.reachability.network_paths import PUBLIC_ADDRESS
from policies.reachability.topology import RESERVED_SUBNET_PREFIXES
from policies.reachability.view import AnalysedEstate

REPRESENTATIVES = 2
"""The number of analysed tenancies of each class: two, because flows lead from one tenancy to another."""
TYPES_WITH_SIGNIFICANT_NAMES = frozenset([CONTAINER, "network:Subnet"])
"""The types whose names the analysis reads. These names are not replaced."""
SIGNIFICANT_NAME_PREFIXES = (*RESERVED_SUBNET_PREFIXES, *ZoneName)
"""Prefixes of names that the analysis reads for every type."""
CONSTANTS = frozenset([*(n for n in PRIVATE_RANGES if isinstance(n, IPv4Network)), PUBLIC_ADDRESS])
"""The ranges with which the analysis compares addresses."""
_ADDRESS = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w.])"
ADDRESS = re.compile(_ADDRESS)
TOKEN = re.compile(f"({_ADDRESS}|[A-Za-z0-9_-]+)")
BOUNDS = re.compile(rf"({_ADDRESS})\s*-\s*({_ADDRESS})")
BOUNDS_HINT = re.compile(r"\.\d{1,3}(?:/\d{1,2})?\s*-\s*\d{1,3}\.")
"""A faster pattern for texts that may match `BOUNDS`."""
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PLACEHOLDER_MARK = "\0"
"""The first character of a placeholder. JSON never contains it, so no value can be mistaken for a placeholder."""


@dataclass(frozen=True)
class EquivalentTenancy:
    """A tenancy that was not analysed, and the equivalent tenancy whose result is copied to it."""

    stack: str
    representative: str
    names: Mapping[str, str]
    """This tenancy's identifiers by those of the representative."""

    def rename(self, text: str) -> str:
        """Return a text about the representative as a text about this tenancy."""
        return self._pattern.sub(lambda found: self.names[found.group()], text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest = sorted(self.names, key=len, reverse=True)
        return re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, longest)) + r")(?![\w-])")


@dataclass
class Tenancy:
    """One tenancy: its canonical JSON, split into tokens, and its own identifiers."""

    stack: str
    resources: Sequence[Resource]
    tokens: list[str]
    """Separators and tokens alternate, starting with a separator."""
    spaces: tuple[IPv4Network, ...]
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    """The number of each identifier's placeholder, by kind and identifier in lower case."""
    spellings: dict[tuple[str, str], str] = field(default_factory=dict)
    """The first spelling of each identifier."""

    def canonical(self, unique_tokens: frozenset[str]) -> str:
        """Return the canonical JSON with numbered placeholders for its own identifiers."""
        names, principals = self._names & unique_tokens, self._principals & unique_tokens
        own = names | principals | ({self.stack.lower()} & unique_tokens)
        candidates = {token for token in set(self.tokens[1::2]) if "." in token or token.lower() in own}
        parts = list(self.tokens)
        for index in [index for index in range(1, len(parts), 2) if parts[index] in candidates]:
            token = parts[index]
            lower = token.lower()
            if lower in names and self._is_name(index):
                parts[index] = self._placeholder("name", token)
            elif lower in principals and self._key(index) == "principalId":
                parts[index] = self._placeholder("principal", token)
            elif lower == self.stack.lower() and self._is_stack(index):
                parts[index] = self._placeholder("stack", token)
            elif "." in token:
                parts[index] = self.relative(token)
        return "".join(parts)

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names of its resources, without those that the analysis reads."""
        named = (r for r in self.resources if r.id and r.type not in TYPES_WITH_SIGNIFICANT_NAMES)
        names = (str(resource.id).rstrip("/").rpartition("/")[2].lower() for resource in named)
        return frozenset(name for name in names if not name.startswith(SIGNIFICANT_NAME_PREFIXES))

    @cached_property
    def _principals(self) -> frozenset[str]:
        """The object ids that it grants roles to."""
        granted = (str(r.inputs.get("principalId")).lower() for r in self.resources if r.type == ASSIGNMENT)
        return frozenset(id_ for id_ in granted if GUID.fullmatch(id_)) - {str(role) for role in RIGHTS}

    def _is_name(self, index: int) -> bool:
        """True for a segment of an ARM id or URL, and for the value of a property that holds a name."""
        return self.tokens[index - 1].endswith("/") or self._key(index).endswith(("name", "Name"))

    def _is_stack(self, index: int) -> bool:
        """True for the stack of a URN, and for a resource's stack."""
        return self.tokens[index - 2 : index] == ["pulumi", ":"] or self._key(index) == "stack"

    def _key(self, index: int) -> str:
        """Return the key of the property whose value starts at a token; empty if the token is not the start of one."""
        return self.tokens[index - 2] if index > 1 and self.tokens[index - 1] == '":"' else ""

    def _placeholder(self, kind: str, token: str) -> str:
        """Return the placeholder of an identifier, with its capitals if its spelling differs from the first."""
        key = (kind, token.lower())
        number = self.numbers.setdefault(key, len(self.numbers))
        first = self.spellings.setdefault(key, token)
        return (
            f"{PLACEHOLDER_MARK}{kind}{number}"
            if token == first
            else f"{PLACEHOLDER_MARK}{kind}{number}{PLACEHOLDER_MARK}{_capitals(token)}"
        )

    def relative(self, token: str) -> str:
        """Return an address or range in its own address space as an offset, and any other unchanged."""
        range_ = parse_range(token)
        for number, space in enumerate(self.spaces):
            if range_ and range_.subnet_of(space):
                address, slash, length = token.partition("/")
                offset = int(IPv4Address(address)) - int(space.network_address)
                return f"{PLACEHOLDER_MARK}{number}+{offset}{slash}{length}"
        return token


class EquivalenceClasses:
    """The tenancies of an estate by equivalence class."""

    def __init__(self, estate: AnalysedEstate, stacks: Sequence[str]) -> None:
        self.estate = estate
        by_stack: dict[str, list[Resource]] = {}
        for resource in estate.resources:
            by_stack.setdefault(resource.stack, []).append(resource)
        ordered = {stack: sorted(found, key=lambda resource: resource.urn) for stack, found in by_stack.items()}
        self.texts = {stack: _json(resources) for stack, resources in ordered.items()}
        self.tokens = {stack: TOKEN.split(text) for stack, text in self.texts.items()}
        self.ranges = {stack: _ranges(tokens) for stack, tokens in self.tokens.items()}
        self.tenancies = {
            stack: Tenancy(stack, ordered[stack], self.tokens[stack], tuple(_spaces(ordered[stack])))
            for stack in stacks
        }

    def equivalents(self) -> Iterator[EquivalentTenancy]:
        """Yield the tenancies whose class has two representatives before them."""
        classes: dict[tuple[str, ...], list[str]] = {}
        for stack, tenancy in self.tenancies.items():
            if stack in self.unexchangeable:
                continue
            known = classes.setdefault(self.signature(tenancy), [])
            if len(known) < REPRESENTATIVES:
                known.append(stack)
            else:
                yield EquivalentTenancy(stack, known[0], _renaming(self.tenancies[known[0]], tenancy))

    def signature(self, tenancy: Tenancy) -> tuple[str, ...]:
        """Return a signature that two tenancies share only if they can be exchanged."""
        return (tenancy.canonical(self.unique_tokens), *self._context_signature(tenancy))

    @cached_property
    def unique_tokens(self) -> frozenset[str]:
        """The tokens that only one stack mentions, in lower case."""
        counts = Counter(t for tokens in self.tokens.values() for t in {token.lower() for token in set(tokens[1::2])})
        return frozenset(token for token, count in counts.items() if count == 1)

    @cached_property
    def unexchangeable(self) -> frozenset[str]:
        """The tenancies that cannot be exchanged with another because of their addresses.

        These are the tenancies whose address space overlaps another tenancy's, or holds a constant of the analysis;
        those with an address that another tenancy mentions, and the tenancies that mention it; those with an address
        that a shared stack mentions as part of a longer text; and those with part of a range that is given by its first
        and last address.
        """
        found = set(_overlapping(self._spaces))
        for stack in self.tenancies:
            owners = {self._owner(parse_range(text)) for text in self.ranges[stack]} - {stack, ""}
            if owners:
                found |= {*owners, stack}
        embedded = (parse_range(text) for text in self._shared_mentions[1])
        return frozenset(found | {self._owner(range_) for range_ in [*embedded, *CONSTANTS, *self._bounded]})

    @cached_property
    def _shared_mentions(self) -> tuple[Mapping[str, list[str]], frozenset[str]]:
        """The mentions of tenancies' addresses in the shared stacks: for each tenancy the property paths with the
        address relative to its address space, and the addresses that are mentioned in any other way."""
        mentions: dict[str, list[str]] = {}
        whole: set[str] = set()
        embedded: set[str] = set()
        for resource in (r for r in self.estate.resources if r.stack not in self.tenancies):
            for path, text in _values(resource.inputs):
                range_ = parse_range(text)
                if range_ is None:
                    embedded.update(ADDRESS.findall(text))
                    continue
                whole.add(text)
                owner = self._owner(range_)
                if owner:
                    mentions.setdefault(owner, []).append(
                        f"{resource.urn} {path} {self.tenancies[owner].relative(text)}"
                    )
        others = frozenset().union(*(found for stack, found in self.ranges.items() if stack not in self.tenancies))
        return {stack: sorted(found) for stack, found in mentions.items()}, others.difference(whole) | embedded

    def _owner(self, range_: IPv4Network | None) -> str:
        """Return the tenancy whose address space contains a range; empty if there is none."""
        if range_ is None:
            return ""
        place = bisect_right(self._starts, int(range_.network_address)) - 1
        space, stack = self._spaces[place] if place >= 0 else (None, "")
        return stack if space and range_.subnet_of(space) else ""

    @cached_property
    def _spaces(self) -> list[tuple[IPv4Network, str]]:
        """Every address space, sorted."""
        return sorted((space, one.stack) for one in self.tenancies.values() for space in one.spaces)

    @cached_property
    def _starts(self) -> list[int]:
        return [int(space.network_address) for space, _ in self._spaces]

    @cached_property
    def _bounded(self) -> list[IPv4Network]:
        """The networks of each range that is written as first and last address, without ranges inside a tenancy's own
        address space."""
        found: list[IPv4Network] = []
        for stack, text in self.texts.items():
            spaces = self.tenancies[stack].spaces if stack in self.tenancies else ()
            if not BOUNDS_HINT.search(text):
                continue
            for ends in BOUNDS.findall(text):
                low, high = map(parse_range, ends)
                own = any(low and high and low.subnet_of(space) and high.subnet_of(space) for space in spaces)
                if low and high and low <= high and not own:
                    found += summarize_address_range(low[0], high[-1])
        return found

    def _context_signature(self, tenancy: Tenancy) -> Iterator[str]:
        """Yield the facts outside a tenancy that affect the analysis of its addresses and names."""
        yield from self._shared_mentions[0].get(tenancy.stack, ())
        for space in tenancy.spaces:
            outer = (space.supernet(new_prefix=length) for length in range(space.prefixlen))
            yield " ".join(str(range_) for range_ in outer if range_ in self._all_ranges)
        for resource in tenancy.resources:
            if resource.type in (ACCOUNT, VAULT) and resource.id:
                host = host_of(resource.id, is_vault=resource.type == VAULT)
                yield " ".join(name for name in self._wildcards if fnmatchcase(host, name))

    @cached_property
    def _all_ranges(self) -> frozenset[IPv4Network]:
        """Every range that the estate mentions, or with which the analysis compares addresses."""
        mentioned = map(parse_range, frozenset().union(*self.ranges.values()))
        return frozenset([*(range_ for range_ in mentioned if range_), *self._bounded, *CONSTANTS])

    @cached_property
    def _wildcards(self) -> list[str]:
        """The wildcard names in firewall rules. Unknown rules are skipped, because the analysis treats them as open."""
        names: set[str] = set()
        for policy in self.estate.of(POLICY):
            try:
                names.update(name for rule in rules_of_policy(policy, self.estate) for name in rule.names)
            except (Unknown, ValueError, TypeError):
                continue
        return sorted(name for name in names if set(name) & set("*?["))


def equivalent_tenancies(estate: AnalysedEstate, stacks: Sequence[str]) -> tuple[EquivalentTenancy, ...]:
    """Return the tenancies to which the result of an equivalent one is copied."""
    return tuple(EquivalenceClasses(estate, stacks).equivalents()) if len(stacks) > REPRESENTATIVES else ()


def _spaces(resources: Iterable[Resource]) -> Iterator[IPv4Network]:
    """Yield the address spaces of the networks, without unknown ones."""
    for resource in resources:
        if resource.type == NETWORK:
            try:
                yield from [n for n in prefixes_of(resource) if isinstance(n, IPv4Network)]
            except (Unknown, ValueError, TypeError):
                continue


def _overlapping(spaces: Iterable[tuple[IPv4Network, str]]) -> Iterator[str]:
    """Yield the stacks whose address space overlaps another, their own included."""
    widest: tuple[IPv4Network, str] | None = None
    for space, stack in sorted(spaces):
        if widest and space.overlaps(widest[0]):
            yield from (stack, widest[1])
        if widest is None or space.broadcast_address > widest[0].broadcast_address:
            widest = (space, stack)


def _json(resources: Iterable[Resource]) -> str:
    """Return resources as canonical JSON: without spaces, and with sorted keys."""
    plain = [
        {
            "urn": r.urn, "type": r.type, "name": r.name, "stack": r.stack, "id": r.id, "from_program": r.from_program,
            "inputs": r.inputs, "propertyDependencies": r.property_dependencies,
        }
        for r in resources
    ]  # fmt: skip
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), default=str)


def _values(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in a value with its path. Entries of a list of texts have the path of the list."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _values(inner, path if isinstance(inner, str) else f"{path}[{index}]")


def _ranges(tokens: Sequence[str]) -> frozenset[str]:
    return frozenset(token for token in set(tokens[1::2]) if "." in token)


@lru_cache(maxsize=65536)
def parse_range(text: str) -> IPv4Network | None:
    """Return an address or range as a network; None for other text."""
    try:
        return IPv4Network(text, strict=False)
    except ValueError:
        return None


def _capitals(token: str) -> str:
    """Return a 1 for each capital letter of an identifier, and a 0 for each other character."""
    return "".join("1" if letter.isupper() else "0" for letter in token)


def _renaming(one: Tenancy, other: Tenancy) -> dict[str, str]:
    """Return the second tenancy's identifiers by those of the first, in their own spelling and in lower case."""
    found = {one.stack: other.stack}
    for (key, spellings), other_key in zip(one.spellings.items(), other.spellings, strict=True):
        found |= {spellings: other.spellings[other_key], key[1]: other_key[1]}
        if key[0] == "principal":
            found[key[1][:8]] = other_key[1][:8]
    return {name: to for name, to in found.items() if name != to}
