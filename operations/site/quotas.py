"""Quotas in use: how much of Azure's documented limits, and of the address plan, the deployed estate uses.

Limits: docs/azure-facts.md#network-limits, #storage-limits, #role-assignments, #policy-definitions,
#policy-assignments, #resource-group-limit, #locks, #dns-security-policies. Those of vCPUs are the subscription's own:
docs/azure-facts.md#quotas-of-virtual-machines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from formats.addresses import SHARED_PREFIX, TENANCY_PREFIX, TenancyKind
from formats.stack_config import PlatformConfig, SharedTenancyConfig, TenancyConfig
from formats.vm_size_names import series_of
from operations.site.badge import Badge
from operations.site.facts import SiteFacts
from operations.site.pages import Page
from operations.site.resources import Deployed, deployed, items

WARNS = 0.8
"""The share of a limit from which the page warns."""
_FACTS = "docs/azure-facts.md"
_CORES = re.compile(r"Standard_[A-Z]+(\d+)")
_NETWORK = "network-limits"


@dataclass(frozen=True)
class QuotaRow:
    """A limit, and how much of it is used."""

    what: str
    where: str
    used: int
    limit: int | None
    """None: it is not known."""
    source: str
    note: str = ""

    @property
    def share(self) -> float:
        """The part of the limit that is used."""
        return self.used / self.limit if self.limit else 0.0

    @property
    def badge(self) -> Badge | None:
        """A warning near the limit."""
        if self.limit is None or self.share < WARNS:
            return None
        return Badge("bad", "limit reached") if self.share >= 1 else Badge("warn", "near the limit")

    @property
    def percent(self) -> str:
        """The share in per cent."""
        return f"{self.share:.1%}" if 0 < self.share < 0.1 else f"{self.share:.0%}"


@dataclass(frozen=True)
class _Limit:
    """A limit of Azure's on the number of resources of a type in a scope."""

    type: str
    what: str
    limit: int
    anchor: str
    scope: Callable[[Deployed], str]
    counts: Callable[[Deployed], int] = lambda _: 1
    note: str = ""


def _subscription(one: Deployed) -> str:
    parts = one.id.split("/")
    return f"subscription {parts[2]}" if len(parts) > 2 and parts[1].lower() == "subscriptions" else ""


def _region(one: Deployed) -> str:
    subscription, region = _subscription(one), one.text("location").replace(" ", "").lower()
    return f"{subscription}, {region}" if subscription and region else ""


def _parent(one: Deployed) -> str:
    """Return the id of the resource that contains another."""
    return one.id.lower().rsplit("/", 2)[0]


def _scope(one: Deployed) -> str:
    """Return the scope of an extension resource, such as a lock."""
    return one.id.lower().partition("/providers/microsoft.authorization/")[0]


def _itself(one: Deployed) -> str:
    return one.id


def _listed(path: str) -> Callable[[Deployed], int]:
    return lambda one: len(items(one.at(path)))


IN_SUBSCRIPTIONS = (
    _Limit("storage:StorageAccount", "storage accounts", 250, "storage-limits", _region, note="500 on request"),
    _Limit("network:VirtualNetwork", "virtual networks", 1_000, _NETWORK, _region),
    _Limit("network:NetworkSecurityGroup", "network security groups", 5_000, _NETWORK, _region),
    _Limit("network:RouteTable", "route tables", 600, _NETWORK, _region, note="200 in older copies of the list"),
    _Limit("network:PublicIPAddress", "public IP addresses", 1_000, _NETWORK, _region),
    _Limit("dnsresolver:DnsResolverPolicy", "DNS security policies", 1_000, "dns-security-policies", _region),
    _Limit("dnsresolver:DnsResolverDomainList", "DNS domain lists", 2_000, "dns-security-policies", _region),
    _Limit("network:PrivateEndpoint", "private endpoints", 64_000, _NETWORK, _subscription),
    _Limit("privatedns:PrivateZone", "private DNS zones", 1_000, _NETWORK, _subscription),
    _Limit("authorization:RoleAssignment", "role assignments", 5_000, "role-assignments", _subscription,
           note="4,000 in older copies of the list"),
    _Limit("authorization:PolicyDefinition", "policy definitions", 500, "policy-definitions", _subscription),
    _Limit("resources:ResourceGroup", "resource groups", 980, "resource-group-limit", _subscription),
)  # fmt: skip
"""The limits of subscriptions, some in each region."""
IN_RESOURCES = (
    _Limit("network:VirtualNetworkPeering", "peerings of a network", 650, _NETWORK, _parent,
           note="500 in older copies of the list"),
    _Limit("network:Subnet", "subnets of a network", 3_000, _NETWORK, _parent),
    _Limit("network:NetworkSecurityGroup", "rules of a network security group", 2_000, _NETWORK, _itself,
           _listed("securityRules"), "1,000 in older copies of the list"),
    _Limit("network:RouteTable", "routes of a route table", 1_000, _NETWORK, _itself, _listed("routes"),
           "400 in older copies of the list"),
    _Limit("network:FirewallPolicyRuleCollectionGroup", "rule collection groups of a firewall policy", 90, _NETWORK,
           _parent, note="60 in older copies of the list"),
    _Limit("privatedns:VirtualNetworkLink", "links of a private DNS zone", 1_000, _NETWORK, _parent),
    _Limit("dnsresolver:DnsSecurityRule", "rules of a DNS security policy", 100, "dns-security-policies", _parent),
    _Limit("authorization:ManagementLockByScope", "locks of a scope", 20, "locks", _scope),
    _Limit("authorization:PolicyAssignment", "policy assignments of a scope", 200, "policy-assignments", _scope),
)  # fmt: skip
"""The limits of single resources and scopes, of which the page shows the fullest one."""


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the page of the quotas."""
    resources = [one for stack in facts.deployed if stack.plan for one in deployed(stack.plan)]
    tables = {
        "subscriptions": sorted(subscription_rows(resources), key=_order),
        "resources": sorted(resource_rows(resources), key=_order),
        "addresses": sorted(address_rows(facts), key=_order),
        "cores": core_rows(resources),
    }
    near = [row for rows in tables.values() for row in rows if row.badge]
    yield Page("quotas.html", "quotas.html.j2", "Quotas in use", "quotas", {**tables, "near": near, "warns": WARNS})


def _order(row: QuotaRow) -> tuple[float, str, str]:
    return -row.share, row.what, row.where


def subscription_rows(resources: Sequence[Deployed]) -> Iterator[QuotaRow]:
    """Yield how much of the limits of each subscription and region is used."""
    for limit in IN_SUBSCRIPTIONS:
        yield from (_row(limit, where, used) for where, used in _counted(limit, resources).items())


def resource_rows(resources: Sequence[Deployed]) -> Iterator[QuotaRow]:
    """Yield the fullest resource or scope of each limit."""
    for limit in IN_RESOURCES:
        counted = _counted(limit, resources)
        if counted:
            where, used = max(counted.items(), key=lambda one: one[1])
            name = where.rpartition("/")[2]
            of = f"{name}, the fullest of {len(counted):,}" if len(counted) > 1 else name
            yield _row(limit, of, used)


def _counted(limit: _Limit, resources: Sequence[Deployed]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in resources:
        if one.type == limit.type and (where := limit.scope(one)):
            found[where] += limit.counts(one)
    return found


def _row(limit: _Limit, where: str, used: int) -> QuotaRow:
    return QuotaRow(limit.what, where, used, limit.limit, f"{_FACTS}#{limit.anchor}", limit.note)


def core_rows(resources: Sequence[Deployed]) -> Sequence[QuotaRow]:
    """Return the vCPUs of each series of sizes, by subscription and region. Each subscription has its own limits."""
    found: Counter[tuple[str, str]] = Counter()
    together: Counter[str] = Counter()
    for one in resources:
        size = one.text("hardwareProfile.vmSize")
        cores = _CORES.match(size)
        if one.type == "compute:VirtualMachine" and cores:
            found[series_of(size), _region(one)] += int(cores[1])
            together[_region(one)] += int(cores[1])
    source = f"{_FACTS}#quotas-of-virtual-machines"
    return [
        *(QuotaRow("vCPUs of all sizes", where, used, None, source) for where, used in sorted(together.items())),
        *(QuotaRow(f"vCPUs of {series}", where, used, None, source) for (series, where), used in sorted(found.items())),
    ]


def address_rows(facts: SiteFacts) -> Iterator[QuotaRow]:
    """Yield how many of the address ranges of each cell its tenancies have, deployed or not."""
    for stack in facts.stacks:
        if isinstance(stack.config, PlatformConfig):
            for kind, range_ in stack.config.tenancy_ranges.items():
                yield from _of_range(facts, stack.cell, kind, range_)


def _of_range(facts: SiteFacts, cell: str, kind: TenancyKind, range_: IPv4Network) -> Iterator[QuotaRow]:
    own = [stack.config for stack in facts.stacks if stack.cell == cell]
    tenancies = [one for one in own if isinstance(one, TenancyConfig) and one.addresses.subnet_of(range_)]
    where, source = f"cell {cell}, {range_}", "formats/addresses.py: the address plan"
    slots = 1 << (TENANCY_PREFIX - range_.prefixlen)
    yield QuotaRow(f"ranges of {kind} tenancies", where, len(tenancies), slots, source)
    if kind is TenancyKind.SHARED:
        networks = sum(isinstance(one, SharedTenancyConfig) for one in own)
        yield QuotaRow("networks of shared tenancies", where, networks, 1 << (SHARED_PREFIX - range_.prefixlen), source)
