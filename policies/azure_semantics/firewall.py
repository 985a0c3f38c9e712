"""Parse the rules of firewall policies, in the order in which Azure evaluates them.

Source: learn.microsoft.com, "Azure Firewall rule processing logic".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Network, Span, ports, span
from policies.azure_semantics.properties import entries, lower_text, texts
from policies.azure_semantics.spans import SpanIndex
from policies.model import MISSING, PolicyContext, Resource, Unknown

POLICY, GROUP, FIREWALL = "network:FirewallPolicy", "network:FirewallPolicyRuleCollectionGroup", "network:AzureFirewall"
_COLLECTION = ("action.type", "priority", "ruleCollectionType")
_RULE = (
    "destinationAddresses",
    "destinationFqdns",
    "destinationIpGroups",
    "destinationPorts",
    "fqdnTags",
    "httpHeadersToInsert[*].headerName",
    "httpHeadersToInsert[*].headerValue",
    "ipProtocols",
    "protocols[*].port",
    "protocols[*].protocolType",
    "ruleType",
    "sourceAddresses",
    "sourceIpGroups",
    "targetFqdns",
    "targetUrls",
    "terminateTLS",
    "webCategories",
)
RULE_PATHS = (
    "priority",
    *(f"ruleCollections[*].{part}" for part in _COLLECTION),
    *(f"ruleCollections[*].rules[*].{part}" for part in _RULE),
    "network:IpGroup:ipAddresses",
)
"""The properties that `rules_of` reads."""
FIRST_PRIORITY = 100
"""The lowest priority of a rule collection group. No two groups of a policy have the same."""
NAT, NETWORK_RULE, APPLICATION = "natrule", "networkrule", "applicationrule"


@dataclass(frozen=True)
class FirewallRule:
    """One rule of a firewall policy."""

    path: str
    """Its property path in its rule collection group."""
    group: str
    """The lower-case id of its rule collection group."""
    name: str
    kind: str
    """`natrule`, `networkrule` or `applicationrule`: Azure evaluates them in this order, regardless of priority."""
    allows: bool
    priority: tuple[int, int]
    """The priorities of its group, and of its collection in the group; the lowest is evaluated first."""
    sources: tuple[Span, ...]
    destinations: tuple[Span, ...]
    """For an application rule, only if it is limited to addresses too."""
    names: tuple[str, ...]
    """Domain names in lower case, including those of network rules and URLs."""
    ports: tuple[tuple[int, int], ...]
    protocols: tuple[str, ...]
    """In lower case: `tcp`, `any`, … of a network rule; `https`, `http`, `mssql` of an application rule."""
    managed_lists: tuple[str, ...]
    """FQDN tags and web categories: lists of names that Microsoft maintains."""
    has_urls: bool
    """True if some of its names are of URLs, which the firewall reads only with TLS inspection."""
    decrypts: bool
    """True if the firewall decrypts the TLS connections that match."""
    headers: tuple[tuple[str, str], ...]
    """The names, in lower case, and values of the headers that the firewall inserts, sorted."""

    @cached_property
    def destination_index(self) -> SpanIndex:
        """Its destinations, for many comparisons."""
        return SpanIndex(self.destinations)

    @cached_property
    def networks(self) -> frozenset[Network]:
        """The networks of its destinations."""
        return frozenset(network for one in self.destinations for network in one.networks)


def rules_of(group: Resource, context: PolicyContext) -> Iterator[FirewallRule]:
    """Yield the rules of a rule collection group in their order in it, with IP groups resolved. Raises `Unknown` if an
    IP group is not in the context."""
    priority = _number(group, "priority")
    for collection in entries(group, "ruleCollections"):
        order = (priority, _number(group, f"{collection}.priority"))
        nat = "nat" in lower_text(group, f"{collection}.ruleCollectionType")
        action = lower_text(group, f"{collection}.action.type")
        if not nat and action not in ("", "allow", "deny"):
            raise ValueError("not a known action")
        allows = nat or action != "deny"
        for path in entries(group, f"{collection}.rules"):
            kind = NAT if nat else lower_text(group, f"{path}.ruleType")
            yield replace(_rule(group, path, kind, context), priority=order, allows=allows)


def rules_of_policy(policy: Resource, context: PolicyContext) -> list[FirewallRule]:
    """Return every rule of a policy, in the order in which Azure evaluates them."""
    rules = [rule for group in context.children(GROUP, policy) for rule in rules_of(group, context)]
    return sorted(rules, key=lambda rule: ((NAT, NETWORK_RULE, APPLICATION).index(rule.kind), rule.priority))


def _rule(group: Resource, path: str, kind: str, context: PolicyContext) -> FirewallRule:
    if kind not in (NAT, NETWORK_RULE, APPLICATION):
        raise ValueError("not a known type of rule")
    lists = {key: texts(group, f"{path}.{key}") for key in ("targetFqdns", "targetUrls", "destinationFqdns")}
    name = group.at(f"{path}.name")
    return FirewallRule(
        path=path,
        group=ids.own(group),
        name=str(name) if name is not MISSING else path,
        kind=kind,
        allows=True,
        priority=(0, 0),
        sources=_addresses(group, path, "source", context),
        destinations=_addresses(group, path, "destination", context),
        names=tuple(host(text) for texts_ in lists.values() for text in texts_),
        ports=tuple(_ports(group, path, kind)),
        protocols=tuple(_protocols(group, path, kind)),
        managed_lists=tuple(texts(group, f"{path}.fqdnTags") + texts(group, f"{path}.webCategories")),
        has_urls=bool(lists["targetUrls"]),
        decrypts=group.at(f"{path}.terminateTLS") not in (MISSING, False),
        headers=tuple(sorted(_headers(group, path))),
    )


def _headers(group: Resource, path: str) -> Iterator[tuple[str, str]]:
    for entry in entries(group, f"{path}.httpHeadersToInsert"):
        yield lower_text(group, f"{entry}.headerName"), str(group.at(f"{entry}.headerValue"))


def host(text: str) -> str:
    """Return the domain name of a name or URL, in lower case."""
    return text.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")[0].partition(":")[0]


def _addresses(group: Resource, path: str, side: str, context: PolicyContext) -> tuple[Span, ...]:
    """Return the source or destination addresses, including those of IP groups."""
    spans = [span(text) for text in texts(group, f"{path}.{side}Addresses")]
    for entry in entries(group, f"{path}.{side}IpGroups"):
        found = context.get(group.at(entry))
        if found is None:
            raise Unknown(entry)
        spans += [span(text) for text in texts(found, "ipAddresses")]
    return tuple(spans)


def _ports(group: Resource, path: str, kind: str) -> Iterator[tuple[int, int]]:
    if kind != APPLICATION:
        yield from (ports(text) for text in texts(group, f"{path}.destinationPorts"))
        return
    for entry in entries(group, f"{path}.protocols"):
        port = _number(group, f"{entry}.port")
        yield (port, port)


def _protocols(group: Resource, path: str, kind: str) -> Iterator[str]:
    if kind != APPLICATION:
        yield from (text.lower() for text in texts(group, f"{path}.ipProtocols"))
        return
    for entry in entries(group, f"{path}.protocols"):
        yield lower_text(group, f"{entry}.protocolType")


def _number(resource: Resource, path: str) -> int:
    value = resource.at(path)
    return int(value) if value is not MISSING else 0
