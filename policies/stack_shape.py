"""The shape of a stack: its part of the estate's view as canonical JSON, with its own identifiers replaced.

Two tenancies with one shape differ in their identifiers and addresses alone. Only these places are replaced:

- the name of a resource: a segment of an ARM id or URL, the value of a property whose key ends in "name", or what an
  Azure Policy rule compares with a name;
- the stack: in a URN, and as a resource's stack;
- a principal that the stack grants roles to: as `principalId` of a role assignment;
- an IPv4 address or range in the stack's own address space, or in its part of a shared network: anywhere;
- a range of 16 addresses or fewer that the network rules of one of its stores admit: anywhere;
- the subscription of a tenancy: in the ids of its own resource groups, of what is below them, and of what belongs to
  the subscription itself.

Everything else stays as it is written. A shape is computed from one stack alone, so it can be kept with the digest of
the stack's state; whether other stacks mention the same identifiers is decided on the shapes (`equivalence.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from formats.addresses import ZoneName
from formats.first_boot_settings import windows_settings
from formats.stack_config import TenancyConfig, is_kind
from policies.azure_semantics.addresses import common_range
from policies.azure_semantics.firewall import FIREWALL, GROUP, POLICY
from policies.azure_semantics.network import NETWORK, SUBNET, prefixes_of, subnets_in
from policies.azure_semantics.public_addresses import narrow_range
from policies.azure_semantics.role_assignments import ASSIGNMENTS
from policies.azure_semantics.role_operations import CUSTOM_ROLE
from policies.azure_semantics.roles import RIGHTS
from policies.azure_semantics.terminal import cloud_config
from policies.azure_semantics.windows_desk import listed
from policies.expected.host_names import HOSTS_PATH
from policies.model import Resource, Unknown
from policies.reachability.data_stores import ACCOUNT, CONTAINER, KINDS, host_of
from policies.reachability.topology import RESERVED_SUBNET_PREFIXES

TYPES_WITH_SIGNIFICANT_NAMES = frozenset([CONTAINER, "network:Subnet"])
"""The types whose names policies read. These names are not replaced, apart from those of a project's subnets in a
shared network, which have its stack in them: policies read the names of Azure's own subnets only."""
SIGNIFICANT_NAME_PREFIXES = (*RESERVED_SUBNET_PREFIXES, *ZoneName)
"""Prefixes of names that policies read for every type."""
DEFINITIONS = frozenset(f"authorization:{name}Definition" for name in ("Policy", "PolicySet", "Role"))
"""The types of a subscription's resources that change nothing in it until something refers to them."""
SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![\w-])")
WHOLE_SUBSCRIPTION = re.compile(SUBSCRIPTION.pattern + r'(?!/[^"\s])')
FIREWALLS = frozenset([FIREWALL, POLICY, GROUP])
"""The types from whose addresses others are computed."""
_ADDRESS = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w.])"
ADDRESS = re.compile(_ADDRESS)
TOKEN = re.compile(f"({_ADDRESS}|[A-Za-z0-9_-]+)")
BOUNDS = re.compile(rf"({_ADDRESS})\s*-\s*({_ADDRESS})")
BOUNDS_HINT = re.compile(r"\.\d{1,3}(?:/\d{1,2})?\s*-\s*\d{1,3}\.")
"""A faster pattern for texts that may match `BOUNDS`."""
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WILDCARDS = frozenset("*?[")
PLACEHOLDER_MARK = "\0"
"""The first character of a placeholder. JSON never contains it, so no value can be mistaken for a placeholder."""
OWN_SUBSCRIPTION = f"{PLACEHOLDER_MARK}subscription"
NAME, PRINCIPAL, STACK, ADDRESS_OF_PEOPLE = "name", "principal", "stack", "address"


@dataclass(frozen=True)
class StackShape:
    """The data of one stack that is compared with that of others."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    stack: str
    template: str
    """The digest of its canonical JSON with placeholders for its own identifiers."""
    identifiers: list[list[str]]
    """The kind and the spelling of each identifier, in the order of the placeholders."""
    words: list[str]
    """The other words and addresses of the canonical JSON, in lower case."""
    spaces: list[str]
    """The address space of its networks; of a project of a shared tenancy, the range of its subnets."""
    bounded: list[str]
    """The ranges that are given by their first and last address, apart from those inside one of its own spaces."""
    hosts: list[str]
    """The domain names of its stores."""
    wildcards: list[str]
    """The texts with a wildcard in its firewall rules."""
    has_firewall: bool
    mentions: list[list[str]]
    """For a shared stack: where it has an address as a whole value, and the address."""
    embedded: list[str]
    """For a shared stack: the addresses that it mentions in any other way."""
    subscription: str
    """The subscription of a tenancy's resource groups; empty if there are several."""
    subscription_mentions: list[list[str]]
    """The subscriptions that it affects as a whole, each with the digest of a resource that does so, without the
    subscription, and the name of that resource if it has an effect only where its name is mentioned."""

    def to_json(self) -> dict[str, Any]:
        """Return the shape as plain JSON."""
        return asdict(self)

    @cached_property
    def networks(self) -> tuple[IPv4Network, ...]:
        """Its address space."""
        return tuple(map(IPv4Network, self.spaces))

    @cached_property
    def names(self) -> frozenset[str]:
        """Its identifiers in lower case."""
        return frozenset(spelled.lower() for _, spelled in self.identifiers)

    def relative(self, token: str) -> str:
        """Return an address or range in its own address space as an offset; any other as it is written."""
        return relative(token, self.networks)


_SHAPE = TypeAdapter(StackShape)


def read_shape(content: object) -> StackShape:
    """Return a shape from JSON that anybody may have written. `ValueError` for anything else."""
    shape = _SHAPE.validate_python(content)
    kinds = (NAME, PRINCIPAL, STACK, ADDRESS_OF_PEOPLE)
    if not all(len(pair) == 2 and pair[0] in kinds for pair in shape.identifiers):
        raise ValueError("identifiers")
    if not all(parse_range(text) for kind, text in shape.identifiers if kind == ADDRESS_OF_PEOPLE):
        raise ValueError("identifiers")
    if not all(len(pair) == 2 for pair in shape.mentions):
        raise ValueError("mentions")
    if not all(len(mention) == 3 for mention in shape.subscription_mentions):
        raise ValueError("subscription_mentions")
    if any(str(parse_range(text)) != text for text in (*shape.spaces, *shape.bounded)):
        raise ValueError("spaces")
    return shape


def shape_of(stack: str, resources: Iterable[Resource]) -> StackShape:
    """Return the shape of a stack's visible resources."""
    ordered = sorted(resources, key=lambda resource: resource.urn)
    texts = list(map(canonical_json, ordered))
    text = f"[{','.join(texts)}]"
    tokens = TOKEN.split(text)
    spaces = tuple(_spaces(ordered))
    is_tenancy = is_kind(stack, TenancyConfig)
    subscription = _subscription_of(ordered) if is_tenancy else ""
    canonical = _Canonical(stack, ordered, tokens, spaces, subscription)
    template = canonical.text()
    mentions, embedded = ([], []) if is_tenancy else _mentions(ordered, tokens)
    return StackShape(
        stack=stack,
        template=hashlib.sha256(template.encode()).hexdigest(),
        identifiers=[[kind, spelled] for (kind, _), spelled in canonical.spelled.items()],
        words=sorted(canonical.words),
        spaces=[str(space) for space in spaces],
        bounded=[str(range_) for range_ in _bounded(text, spaces)],
        hosts=[host_of(r.id, KINDS[r.type]) for r in ordered if r.type in KINDS and r.id],
        wildcards=sorted(_wildcards(ordered)),
        has_firewall=any(resource.type in FIREWALLS for resource in ordered),
        mentions=mentions,
        embedded=embedded,
        subscription=subscription,
        subscription_mentions=sorted(_subscription_mentions(zip(ordered, texts, strict=True), is_tenancy=is_tenancy)),
    )


def _subscription_of(resources: Iterable[Resource]) -> str:
    """Return the subscription of all resource groups, in lower case; empty if they are in several or none.

    A stack also has resources in the groups of others, such as its peering in the hub's.
    """
    groups = (r.id.lower() for r in resources if r.type == "resources:ResourceGroup" and r.id)
    found = {match[1] for id_ in groups if (match := SUBSCRIPTION.match(id_))}
    return found.pop() if len(found) == 1 else ""


def _subscription_mentions(resources: Iterable[tuple[Resource, str]], *, is_tenancy: bool) -> Iterator[list[str]]:
    """Yield each subscription that a resource belongs to without a resource group, or names as a whole, as a scope.

    `resources`: each with its canonical JSON. Definitions change nothing before a resource that mentions them assigns
    them. Those of a tenancy, which have names of its own, are left out; those of shared stacks are yielded with their
    names. A role definition of a shared stack is left out too: it is one for the tenant, whatever subscription its id
    or an assignment names (docs/azure-facts.md#role-definitions), and policies look it up by its GUID.
    """
    for resource, json_text in resources:
        if resource.type == CUSTOM_ROLE and not is_tenancy:
            continue
        text = json_text.lower()
        found = set(WHOLE_SUBSCRIPTION.findall(text))
        own = SUBSCRIPTION.match((resource.id or "").lower())
        if own and "/resourcegroups/" not in str(resource.id).lower():
            found |= {own[1]} if not is_tenancy or resource.type not in DEFINITIONS else set()
        last = (resource.id or "").lower().rstrip("/").rpartition("/")[2]
        name = last if resource.type in DEFINITIONS and TOKEN.fullmatch(last) else ""
        for subscription in found:
            without = text.replace(subscription, OWN_SUBSCRIPTION)
            # A resource group is the same one for every subscription.
            without = without.replace(f"{OWN_SUBSCRIPTION}/resourcegroups/", f"{subscription}/resourcegroups/")
            yield [subscription, hashlib.sha256(without.encode()).hexdigest(), name]


@dataclass
class _Canonical:
    """The canonical JSON of a stack, cut into tokens, and its own identifiers."""

    stack: str
    resources: Sequence[Resource]
    tokens: list[str]
    """Separators and tokens in turn, beginning with a separator."""
    spaces: tuple[IPv4Network, ...]
    subscription: str
    words: set[str] = field(default_factory=set)
    """The tokens that stay as they are written, in lower case."""
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    """The number of each identifier's placeholder, by kind and identifier in lower case."""
    spelled: dict[tuple[str, str], str] = field(default_factory=dict)
    """Each identifier as it was first written."""

    def text(self) -> str:
        """Return the canonical JSON with a placeholder for each of its own identifiers, and number them."""
        names, principals, stack = self._names, self._principals, self.stack.lower()
        own = names | principals | {stack, self.subscription}
        distinct = set(self.tokens[1::2])
        candidates = {token for token in distinct if "." in token or token.lower() in own}
        self.words |= {token.lower() for token in distinct - candidates}
        parts = list(self.tokens)
        for index in [index for index in range(1, len(parts), 2) if parts[index] in candidates]:
            token = parts[index]
            lower = token.lower()
            if lower in names and self._is_name(index):
                parts[index] = self._placeholder(NAME, token)
            elif lower in principals and self._key(index) == "principalId":
                parts[index] = self._placeholder(PRINCIPAL, token)
            elif lower == stack and self._is_stack(index):
                parts[index] = self._placeholder(STACK, token)
            elif lower == self.subscription and self._is_own_subscription(index):
                parts[index] = OWN_SUBSCRIPTION
            elif lower in self._people:
                # Policies read how many addresses a range has.
                parts[index] = f"{self._placeholder(ADDRESS_OF_PEOPLE, token)}/{token.partition('/')[2]}"
            else:
                parts[index] = relative(token, self.spaces) if "." in token else token
                if parts[index] == token:
                    self.words.add(lower)
        return "".join(parts)

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names of its resources, apart from those that decide something in a policy."""
        named = (r for r in self.resources if r.id and (r.type not in TYPES_WITH_SIGNIFICANT_NAMES or self._is_part(r)))
        names = (str(resource.id).rstrip("/").rpartition("/")[2].lower() for resource in named)
        return frozenset(name for name in names if not name.startswith(SIGNIFICANT_NAME_PREFIXES))

    def _is_part(self, resource: Resource) -> bool:
        """True for a subnet that is called after the stack."""
        name = str(resource.id).lower().rpartition("/")[2]
        return resource.type == SUBNET and f"-{self.stack.lower()}-" in name

    @cached_property
    def _people(self) -> frozenset[str]:
        """The narrow ranges that the network rules of a tenancy's stores admit."""
        rules = (rule for r in self.resources if r.type == ACCOUNT for rule in _ip_rules(r))
        found = {str(rule.get("iPAddressOrRange")) for rule in rules if isinstance(rule, Mapping)}
        narrow = (text for text in found if ADDRESS.fullmatch(text) and narrow_range(text))
        return frozenset(text for text in narrow if relative(text, self.spaces) == text)

    @cached_property
    def _principals(self) -> frozenset[str]:
        """The object ids that it grants roles to."""
        granted = (str(r.inputs.get("principalId")).lower() for r in self.resources if r.type in ASSIGNMENTS)
        return frozenset(id_ for id_ in granted if GUID.fullmatch(id_)) - {str(role) for role in RIGHTS}

    def _is_name(self, index: int) -> bool:
        """True for a segment of an ARM id or URL, for the value of a property that holds a name, and for a value that
        a condition of an Azure Policy rule compares with the name of a resource."""
        is_segment = self.tokens[index - 1].endswith("/")
        return is_segment or self._key(index).endswith(("name", "Name")) or self._is_compared_name(index)

    def _is_compared_name(self, index: int) -> bool:
        if self._key(index) == "equals":
            after = self.tokens[index + 1 : index + 6]
            return after[:4] == ['","', "field", '":"', "name"] and after[4].startswith('"')
        first = index
        while self.tokens[first - 1] == '","':
            first -= 2
        return self.tokens[max(first - 6, 0) : first] == ["field", '":"', "name", '","', "notIn", '":["']

    def _is_stack(self, index: int) -> bool:
        """True for the stack of a URN, and for a resource's stack."""
        return self.tokens[index - 2 : index] == ["pulumi", ":"] or self._key(index) == "stack"

    def _is_own_subscription(self, index: int) -> bool:
        """True in an id of the stack's own resource groups, of the subscription itself, and of what belongs to it."""
        before, after = self.tokens[index - 2 : index], self.tokens[index + 1 : index + 5]
        if [text.lower() for text in before] != ["subscriptions", "/"]:
            return False
        if not after[0].startswith("/") or [after[0], after[1].lower()] == ["/", "providers"]:
            return True
        return [text.lower() for text in after[:3]] == ["/", "resourcegroups", "/"] and after[3].lower() in self._names

    def _key(self, index: int) -> str:
        """Return the key of the property whose value begins at a token; empty where none does."""
        return self.tokens[index - 2] if index > 1 and self.tokens[index - 1] == '":"' else ""

    def _placeholder(self, kind: str, token: str) -> str:
        """Return the placeholder of an identifier, with its spelling if that differs from the first."""
        key = (kind, token.lower())
        number = self.numbers.setdefault(key, len(self.numbers))
        first = self.spelled.setdefault(key, token)
        return (
            f"{PLACEHOLDER_MARK}{kind}{number}"
            if token == first
            else f"{PLACEHOLDER_MARK}{kind}{number}{PLACEHOLDER_MARK}{_spelling(token)}"
        )


def _ip_rules(account: Resource) -> Sequence[object]:
    rules = account.inputs.get("networkRuleSet")
    found = rules.get("ipRules") if isinstance(rules, Mapping) else None
    return found if isinstance(found, list | tuple) else ()


def relative(token: str, spaces: Sequence[IPv4Network]) -> str:
    """Return an address or range in one of these spaces as an offset; any other as it is written."""
    range_ = parse_range(token)
    for number, space in enumerate(spaces):
        if range_ and range_.subnet_of(space):
            address, slash, length = token.partition("/")
            return f"{PLACEHOLDER_MARK}{number}+{int(IPv4Address(address)) - int(space.network_address)}{slash}{length}"
    return token


@lru_cache(maxsize=65536)
def parse_range(text: str) -> IPv4Network | None:
    """Return an address or range, as rules read it; None for any other text."""
    try:
        return IPv4Network(text, strict=False)
    except ValueError:
        return None


def _spaces(resources: Sequence[Resource]) -> Iterator[IPv4Network]:
    """Yield the address space of each network; without one, the smallest range with all subnets. Nothing for what is
    unknown."""
    networks = [resource for resource in resources if resource.type == NETWORK]
    for resource in networks:
        with suppress(Unknown, ValueError, TypeError):
            yield from [n for n in prefixes_of(resource) if isinstance(n, IPv4Network)]
    if not networks:
        with suppress(Unknown, ValueError, TypeError):
            subnets = [subnet for resource in resources if resource.type == SUBNET for subnet in subnets_in(resource)]
            prefixes = [n for subnet in subnets for n in subnet.prefixes if isinstance(n, IPv4Network)]
            yield from [common_range(prefixes)] if prefixes else []


def canonical_json(r: Resource) -> str:
    """Return a resource as canonical JSON: without spaces, and with sorted keys."""
    inputs, profile = r.inputs, r.inputs.get("osProfile")
    if isinstance(profile, Mapping) and (readable := _readable(profile.get("customData"))):
        # Encoded text would hide a tenancy's own identifiers in it.
        inputs = {**inputs, "osProfile": {**profile, "customData": readable}}
    plain = {
        "urn": r.urn, "type": r.type, "name": r.name, "stack": r.stack, "id": r.id, "from_program": r.from_program,
        "inputs": inputs, "propertyDependencies": r.property_dependencies,
    }  # fmt: skip
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), default=str)


def _readable(custom_data: object) -> Any:
    """Return the settings of a first boot; None for any other form."""
    if found := windows_settings(custom_data):
        settings, script = found
        hosts = [_host_line(line) for line in listed(settings, "hosts")]
        return _with_lines({**settings, "hosts": hosts, "script": script})
    config = cloud_config(custom_data)
    return _with_lines(config) if config else None


def _with_lines(value: Any) -> Any:
    """Return the settings of a first boot with each text of several lines as a list of lines, and with the names of
    /etc/hosts each as the value of a property, as names are."""
    if isinstance(value, Mapping):
        is_hosts = value.get("path") == HOSTS_PATH and isinstance(value.get("content"), str)
        more = {"content": list(map(_host_line, value["content"].splitlines()))} if is_hosts else {}
        return {key: _with_lines(inner) for key, inner in {**value, **more}.items()}
    if isinstance(value, list):
        return list(map(_with_lines, value))
    return value.splitlines() if isinstance(value, str) and "\n" in value else value


def _host_line(line: str) -> dict[str, Any]:
    address, *names = line.split() or [""]
    return {"address": address, "names": [{"hostName": name} for name in names]}


def _mentions(resources: Iterable[Resource], tokens: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """Return where a shared stack has an address as a whole value, or as an entry of a list of values, which policies
    read as a set; and the addresses that it mentions in any other way."""
    mentions: list[list[str]] = []
    embedded: set[str] = set()
    for resource in resources:
        for path, text in _values(resource.inputs):
            if parse_range(text) is None:
                embedded.update(ADDRESS.findall(text))
            else:
                mentions.append([f"{resource.urn} {path}", text])
    ranges = {token for token in set(tokens[1::2]) if "." in token}
    return mentions, sorted(embedded | (ranges - {text for _, text in mentions}))


def _values(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in a property with its path; the entries of a list of texts have the path of the list."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _values(inner, path if isinstance(inner, str) else f"{path}[{index}]")


def _bounded(text: str, spaces: Sequence[IPv4Network]) -> Iterator[IPv4Network]:
    """Yield the networks of each range that is given by its first and last address, apart from those whose ends lie in
    one of the stack's own spaces."""
    for ends in BOUNDS.findall(text) if BOUNDS_HINT.search(text) else ():
        low, high = map(parse_range, ends)
        own = any(low and high and low.subnet_of(space) and high.subnet_of(space) for space in spaces)
        if low and high and low <= high and not own:
            yield from summarize_address_range(low[0], high[-1])


def _wildcards(resources: Iterable[Resource]) -> set[str]:
    """Return the texts with a wildcard in firewall rules, in lower case."""
    texts = (text for resource in resources if resource.type in FIREWALLS for _, text in _values(resource.inputs))
    return {text.lower() for text in texts if WILDCARDS.intersection(text)}


def _spelling(token: str) -> str:
    """Return which letters of an identifier are capitals."""
    return "".join("1" if letter.isupper() else "0" for letter in token)
