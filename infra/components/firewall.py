"""The firewall of a cell: the only egress of its networks, and their DNS server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from uuid import UUID

import pulumi
from pulumi_azure_native import authorization, network

from formats.addresses import (
    SOURCE_ZONE,
    TenancyEndpoint,
    TenancyKind,
    ZoneEndpoint,
    ZoneName,
    endpoint_addresses,
    zone_in,
)
from formats.egress import EgressRule
from formats.stack_config import Site
from formats.tenant_restrictions import TenantRestrictions
from infra.components.base_component import BaseComponent, ComponentArgs, DiagnosticCategories
from infra.components.public_ip_address import PublicIpAddress
from infra.components.tls_inspection import reader_identity, tenant_headers, transport_security
from infra.names import ResourceKind
from infra.network_services import REGISTRATION_HOST, RESTRICTED_SIGN_IN, SIGN_IN_HOSTS, Port, RuleGroupPriority
from infra.staff_connections import StaffConnection

ALWAYS_TRANSLATE = "255.255.255.255/32"
"""As the only "private range", it makes the firewall translate every source address to its own, so that responses
return through it, also those of private endpoints (learn.microsoft.com, "Azure Firewall SNAT private IP address
ranges")."""
DENY_NAMES_PRIORITY = RuleGroupPriority.NAMES + 1
"""Directly after sign-in: another collection or group has a larger number, since these are unique."""


@dataclass(frozen=True, kw_only=True)
class FirewallArgs(ComponentArgs):
    """The arguments of `Firewall`."""

    subnet: network.Subnet
    """The subnet `AzureFirewallSubnet`."""
    after: Sequence[pulumi.Resource] = ()
    """The last write to the network, which refuses others while a firewall is created."""
    expected_address: IPv4Address
    """The private address that the networks of the cell use. Another one stops the deployment."""
    zone_range: IPv4Network
    """The range that contains the zones of the cell."""
    tenancy_ranges: Mapping[TenancyKind, IPv4Network]
    """The range of each kind of tenancy."""
    egress: Mapping[TenancyKind, Sequence[EgressRule]]
    """The egress rules of each kind of tenancy."""
    sites: Sequence[Site] = ()
    """The connected sites."""
    staff_machines: IPv4Network
    """The range of the staff machines, in a cell that may have some."""
    staff: Sequence[StaffConnection] = ()
    """The connections of the staff machines that pass the firewall."""
    tenant: UUID | None = None
    """The tenant of the estate. Required to restrict sign-in to it."""
    tenant_restrictions: TenantRestrictions | None = None
    """None: no sign-in is decrypted."""
    windows_desks: bool = False
    """True: tenancies may reach the host at which Windows desks join Entra."""


class Firewall(BaseComponent):
    """Azure Firewall Premium that allows traffic by explicit rules only, with threat intelligence and intrusion
    detection in deny mode. Of encrypted traffic it sees addresses, names and handshakes. With tenant restrictions it
    decrypts sign-ins, and nothing else."""

    TYPE = "sde:infra:Firewall"

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        restrictions = args.tenant_restrictions
        # Before the certificate authority is named, so that its owner can give this identity the right to read it.
        self.reader = self.new_identity(f"{name}-ca") if restrictions else None
        self.policy = self._policy(restrictions)
        self._last_rules: network.FirewallPolicy | network.FirewallPolicyRuleCollectionGroup = self.policy
        self._allow_sign_in_alone(args)
        if args.sites:
            self._allow_sites(args.sites)
        self._allow_zones(args.zone_range, args.tenancy_ranges)
        self._add_rules("staff", RuleGroupPriority.STAFF, [
            _https_rule(one.name, one.source, one.destinations, plain_http=one.plain_http)
            for one in args.staff
            if not one.by_name
        ])  # fmt: skip
        for kind in TenancyKind:
            if kind in args.tenancy_ranges:
                self._allow_tenancies(kind, args.tenancy_ranges[kind], args.egress.get(kind, ()))
        self.firewall = self._firewall(args)
        self.address: pulumi.Output[str] = self.firewall.ip_configurations.apply(
            lambda found: _require_address(found, str(args.expected_address))
        )
        self.add_diagnostic_setting(name, self.firewall.id, DiagnosticCategories.FIREWALL)
        self.register_outputs({"address": self.address})

    def _policy(self, restrictions: TenantRestrictions | None) -> network.FirewallPolicy:
        scope = self.scope
        inspected = restrictions and restrictions.certificate_authority
        return network.FirewallPolicy(
            self.name,
            firewall_policy_name=scope.names.local(ResourceKind.FIREWALL_POLICY),
            resource_group_name=scope.group_name,
            location=scope.location,
            sku=network.FirewallPolicySkuArgs(tier=network.FirewallPolicySkuTier.PREMIUM),
            threat_intel_mode=network.AzureFirewallThreatIntelMode.DENY,
            intrusion_detection=network.FirewallPolicyIntrusionDetectionArgs(
                mode=network.FirewallPolicyIntrusionDetectionStateType.DENY
            ),
            dns_settings=network.DnsSettingsArgs(enable_proxy=True, servers=[]),
            snat=network.FirewallPolicySNATArgs(
                private_ranges=[ALWAYS_TRANSLATE], auto_learn_private_ranges=network.AutoLearnPrivateRangesMode.DISABLED
            ),
            sql=network.FirewallPolicySQLArgs(allow_sql_redirect=False),
            identity=reader_identity(self.reader) if self.reader else None,
            transport_security=transport_security(restrictions) if inspected and restrictions else None,
            tags=scope.tags,
            opts=self.child_opts(),
        )

    def _allow_sites(self, sites: Sequence[Site]) -> None:
        """Allow each site its inboxes, and deny it all other addresses before any other rule could allow them."""
        denials = [
            _network_rule(f"{site.name}-{number}", range_, _all_but(site.inboxes), ["*"], protocol="Any")
            for site in sites
            for number, range_ in enumerate(site.ranges)
        ]
        self._add_rules("site-limits", RuleGroupPriority.SITE_LIMITS, denials, allow=False)
        uploads = [
            _https_rule(f"{site.name}-{number}", range_, site.inboxes)
            for site in sites
            for number, range_ in enumerate(site.ranges)
        ]
        self._add_rules("sites", RuleGroupPriority.SITES, uploads)

    def _allow_zones(self, zone_range: IPv4Network, tenancy_ranges: Mapping[TenancyKind, IPv4Network]) -> None:
        """Allow each zone to reach its source zone's store, landing every inbox too, and staging the pending imports of
        tenancies. Role assignments decide who may read what."""
        zones = {name: zone_in(zone_range, name) for name in ZoneName}
        stores = {name: [zone.address(ZoneEndpoint.STORE)] for name, zone in zones.items()}
        # Every slot of the plan, so that a new provider changes neither the hub nor the safe haven.
        stores[ZoneName.JUNCTION] += zones[ZoneName.JUNCTION].inbox_addresses()
        fetch_rules = [
            _https_rule(f"{name}-fetches", zones[name].compute, stores[source]) for name, source in SOURCE_ZONE.items()
        ]
        self._add_rules("zones", RuleGroupPriority.ZONES, fetch_rules)
        # Every slot of the plan, so that a new tenancy changes neither the hub nor the safe haven.
        ranges = [tenancy_ranges[kind] for kind in sorted(tenancy_ranges)]
        imports = [address for one in ranges for address in endpoint_addresses(one, TenancyEndpoint.IMPORT_PENDING)]
        if imports:
            rule = _https_rule("staging-hands-over", zones[ZoneName.STAGING].compute, imports)
            self._add_rules("release", RuleGroupPriority.RELEASE, [rule])

    def _allow_tenancies(self, kind: TenancyKind, source: IPv4Network, egress: Sequence[EgressRule]) -> None:
        """Allow the egress of a kind of tenancy, with its range as the source, for any number of tenancies.

        The rules are network rules with addresses. These are evaluated before application rules and keep a packet's
        destination. For an application rule, the firewall resolves the host name itself and sends the packet there,
        whatever its destination address was (learn.microsoft.com, "Azure Firewall rule processing logic"; "DNS
        settings": how requests are resolved), so that a host name allowed by mistake would bypass every NSG.
        """
        rules = [_https_rule(rule.name, source, rule.destinations, plain_http=rule.plain_http) for rule in egress]
        self._add_rules(kind.value, RuleGroupPriority.of_tenancies(kind), rules)

    def _allow_sign_in_alone(self, args: FirewallArgs) -> None:
        """Allow sign-in to tenancies and to staff, and deny every other host name. Entra has the addresses of Microsoft
        Graph too, so only the names tell them apart."""
        protocols = network.FirewallPolicyRuleApplicationProtocolType
        https, http = (protocols.HTTPS, Port.HTTPS), (protocols.HTTP, Port.HTTP)
        # Whole ranges of the plan, so that a new tenancy or staff machine changes nothing under the lock.
        ranges = [args.tenancy_ranges[kind] for kind in TenancyKind if kind in args.tenancy_ranges]
        people = [str(range_) for range_ in (*ranges, args.staff_machines)]
        restrictions = args.tenant_restrictions
        tenant = args.tenant if restrictions and restrictions.certificate_authority else None
        restricted = RESTRICTED_SIGN_IN if tenant else ()
        plain = [host for host in SIGN_IN_HOSTS if host not in restricted]
        sign_in = [_name_rule("people_sign_in", people, plain, https)]
        if tenant:
            sign_in.append(_name_rule("people_sign_in_here", people, restricted, https, tenant=tenant))
        if args.windows_desks:
            # Never decrypted: a device shows its certificate there (docs/azure-facts.md#tenant-restrictions).
            desks = [str(range_) for range_ in ranges]
            sign_in.append(_name_rule("desks_join", desks, [REGISTRATION_HOST], https))
        every_name = _name_rule("every-name", ["*"], ["*"], https, http)
        self._add_group("names", RuleGroupPriority.NAMES, [
            _collection("names", RuleGroupPriority.NAMES, sign_in),
            _collection("names", DENY_NAMES_PRIORITY, [every_name], allow=False),
        ])  # fmt: skip
        group = self._last_rules
        authorization.ManagementLockByScope(
            f"{self.name}-names",
            lock_name=self.scope.names.local(ResourceKind.LOCK, f"{self.name}-names"),
            scope=group.id,
            level=authorization.LockLevel.READ_ONLY,
            notes="Decides which names leave. A change needs a decision: see the platform team's guide.",
            opts=self.child_opts(depends_on=[group]),
        )

    def _add_rules(
        self, purpose: str, priority: int, rules: Sequence[network.NetworkRuleArgs], *, allow: bool = True
    ) -> None:
        """Add a group with one collection; none for no rules, which Azure would refuse."""
        if rules:
            self._add_group(purpose, priority, [_collection(purpose, priority, rules, allow=allow)])

    def _add_group(
        self, purpose: str, priority: int, collections: Sequence[network.FirewallPolicyFilterRuleCollectionArgs]
    ) -> None:
        self._last_rules = network.FirewallPolicyRuleCollectionGroup(
            f"{self.name}-{purpose}",
            rule_collection_group_name=self.scope.names.local(ResourceKind.RULE_GROUP, purpose),
            firewall_policy_name=self.policy.name,
            resource_group_name=self.scope.group_name,
            priority=priority,
            rule_collections=list(collections),
            # Azure accepts one write at a time to a policy and its rule collection groups.
            opts=self.child_opts(depends_on=[self._last_rules]),
        )

    def _firewall(self, args: FirewallArgs) -> network.AzureFirewall:
        scope = self.scope
        address = PublicIpAddress(self.name, ComponentArgs(scope=scope), self.child_opts()).address
        return network.AzureFirewall(
            self.name,
            azure_firewall_name=scope.names.local(ResourceKind.FIREWALL),
            resource_group_name=scope.group_name,
            location=scope.location,
            sku=network.AzureFirewallSkuArgs(
                name=network.AzureFirewallSkuName.AZF_W_V_NET, tier=network.AzureFirewallSkuTier.PREMIUM
            ),
            firewall_policy=network.SubResourceArgs(id=self.policy.id),
            ip_configurations=[
                network.AzureFirewallIPConfigurationArgs(
                    name=scope.names.local(ResourceKind.IP_CONFIGURATION, self.name),
                    subnet=network.SubResourceArgs(id=args.subnet.id),
                    public_ip_address=network.SubResourceArgs(id=address.id),
                )
            ],
            zones=list(scope.zones) or None,
            tags=scope.tags,
            # A write to the policy takes seconds before the firewall exists, and minutes after.
            opts=self.child_opts(depends_on=[self._last_rules, *args.after]),
        )


def _collection(
    purpose: str,
    priority: int,
    rules: Sequence[network.NetworkRuleArgs | network.ApplicationRuleArgs],
    *,
    allow: bool = True,
) -> network.FirewallPolicyFilterRuleCollectionArgs:
    actions = network.FirewallPolicyFilterRuleCollectionActionType
    return network.FirewallPolicyFilterRuleCollectionArgs(
        rule_collection_type="FirewallPolicyFilterRuleCollection",
        name=f"{purpose}-{'allow' if allow else 'deny'}",
        priority=priority,
        action=network.FirewallPolicyFilterRuleCollectionActionArgs(type=actions.ALLOW if allow else actions.DENY),
        rules=list(rules),
    )


def _name_rule(
    name: str, sources: Sequence[str], hosts: Sequence[str],
    *protocols: tuple[network.FirewallPolicyRuleApplicationProtocolType, Port], tenant: UUID | None = None,
) -> network.ApplicationRuleArgs:  # fmt: skip
    """Return a rule for hosts. `tenant`: decrypt the requests, and have Entra issue tokens of this tenant alone."""
    return network.ApplicationRuleArgs(
        rule_type="ApplicationRule",
        name=name,
        protocols=[
            network.FirewallPolicyRuleApplicationProtocolArgs(protocol_type=protocol, port=int(port))
            for protocol, port in protocols
        ],
        source_addresses=list(sources),
        target_fqdns=list(hosts),
        terminate_tls=True if tenant else None,
        http_headers_to_insert=tenant_headers(tenant) if tenant else None,
    )


def _https_rule(
    name: str, source: IPv4Network | IPv4Address, destinations: Sequence[IPv4Address | str], *, plain_http: bool = False
) -> network.NetworkRuleArgs:
    """Return a rule that allows HTTPS, and HTTP if `plain_http`, from a range or an address to addresses."""
    ports = (Port.HTTPS, Port.HTTP) if plain_http else (Port.HTTPS,)
    return _network_rule(name, source, destinations, [str(int(port)) for port in ports])


def _network_rule(
    name: str, source: IPv4Network | IPv4Address, destinations: Sequence[IPv4Address | IPv4Network | str],
    ports: Sequence[str], *, protocol: str = "TCP",
) -> network.NetworkRuleArgs:  # fmt: skip
    return network.NetworkRuleArgs(
        rule_type="NetworkRule",
        name=name,
        ip_protocols=[network.FirewallPolicyRuleNetworkProtocol(protocol)],
        source_addresses=[str(source)],
        destination_addresses=[str(destination) for destination in destinations],
        destination_ports=list(ports),
    )


def _all_but(addresses: Sequence[IPv4Address]) -> list[IPv4Network]:
    """Return the ranges that contain every address except these."""
    ranges = [IPv4Network("0.0.0.0/0")]
    for address in map(IPv4Network, addresses):
        ranges = [
            part
            for range_ in ranges
            for part in (range_.address_exclude(address) if address.subnet_of(range_) else [range_])
        ]
    return sorted(ranges)


def _require_address(configurations: Sequence[object] | None, expected: str) -> str:
    """Return the firewall's address. Raise `RuntimeError` if it is not the one that the networks use."""
    found = [getattr(one, "private_ip_address", None) for one in configurations or ()]
    if found != [expected]:
        raise RuntimeError(f"Azure assigned the firewall the address {found}, but the networks use {expected}")
    return expected
