"""The firewall: the one way out of a cell, and the one who answers for names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

import pulumi
from pulumi_azure_native import network

from infra.addresses import STAGE_BEFORE, TenancyKind, TenancySeat, ZoneName, ZoneSeat, seats_in, zone_in
from infra.components.part import Part, Report
from infra.components.public_address import PublicAddress
from infra.components.room import Room
from infra.egress import EgressRule
from infra.errors import BadInput
from infra.names import Kind
from infra.roles import ENTRA, Port, RuleGroup

ALWAYS_TRANSLATE = "255.255.255.255/32"
"""As the only "private range" it makes the firewall put its own address on everything, so that answers come back
through it also from private endpoints (learn.microsoft.com, "Azure Firewall SNAT private IP address ranges")."""


SIGN_IN = "people_sign_in"
"""With underscores, so that no rule of the estate can have this name and stand in its place."""


class Firewall(Part):
    """Azure Firewall Premium that lets through what is named, denies what is known as bad, and looks into the rest."""

    def __init__(
        self, name: str, room: Room, subnet: network.Subnet, expected: IPv4Address, *, zone_range: IPv4Network,
        tenancy_ranges: Mapping[str, IPv4Network], egress: Mapping[str, Sequence[EgressRule]],
    ) -> None:  # fmt: skip
        super().__init__(name, room)
        self.policy = self._policy()
        self._last_rules: pulumi.Resource = self.policy
        self._nobody_by_name()
        self._zones_flow(zone_range, tenancy_ranges)
        _refuse_homeless(egress, tenancy_ranges)
        for kind in TenancyKind:
            if kind in tenancy_ranges:
                self._kind_may_reach(kind, tenancy_ranges[kind], egress.get(kind, ()))
        self.firewall = self._firewall(subnet)
        self.address: pulumi.Output[str] = self.firewall.ip_configurations.apply(
            lambda found: _as_expected(found, str(expected))
        )
        self.diagnose(name, self.firewall.id, Report.FIREWALL)
        self.register_outputs({"address": self.address})

    def _policy(self) -> network.FirewallPolicy:
        room = self.room
        return network.FirewallPolicy(
            self.called,
            firewall_policy_name=room.names.local(Kind.FIREWALL_POLICY),
            resource_group_name=room.group_name,
            location=room.location,
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
            tags=room.tags,
            opts=self.own(),
        )

    def _zones_flow(self, zone_range: IPv4Network, tenancy_ranges: Mapping[str, IPv4Network]) -> None:
        """Each zone reaches the store of the stage before, and staging alone where tenancies are brought data; grants
        say who may read what."""
        zones = {name: zone_in(zone_range, name) for name in ZoneName}
        fetching = [
            _leads(f"{name}-fetches", zones[name].compute, [zones[before].address(ZoneSeat.STORE)])
            for name, before in STAGE_BEFORE.items()
        ]
        self._rules("zones", RuleGroup.ZONES, fetching)
        # Every tenancy's that the plan has room for: the safe haven and the hub do not change with each of them.
        ranges = [tenancy_ranges[kind] for kind in sorted(tenancy_ranges)]
        asked = [address for one in ranges for address in seats_in(one, TenancySeat.IMPORT_ASKED)]
        if asked:
            handing = _leads("staging-hands-over", zones[ZoneName.STAGING].compute, asked)
            self._rules("release", RuleGroup.RELEASE, [handing])

    def _kind_may_reach(self, kind: TenancyKind, source: IPv4Network, egress: Sequence[EgressRule]) -> None:
        """What a kind of tenancy may reach: written once over its range, however many tenancies there are.

        By address, in network rules. They act before any that go by name, and leave a packet's destination as it is;
        where a rule goes by name, the firewall looks the name up itself and sends the packet there, whatever address it
        had (learn.microsoft.com, "Azure Firewall rule processing logic"; "DNS settings": how requests are resolved).
        So a name that is permitted by mistake leads past every security group. Here it leads nowhere.
        """
        self._rules(
            kind.value,
            RuleGroup.of_kind(kind),
            [
                _leads(SIGN_IN, source, [ENTRA]),
                *(_leads(rule.name, source, rule.hosts, plain_http=rule.plain_http) for rule in egress),
            ],
        )

    def _nobody_by_name(self) -> None:
        """Denies every name before a rule could permit one: nothing here goes by name."""
        kinds = network.FirewallPolicyRuleApplicationProtocolType
        everything = network.ApplicationRuleArgs(
            rule_type="ApplicationRule",
            name="every-name",
            protocols=[
                network.FirewallPolicyRuleApplicationProtocolArgs(protocol_type=kind, port=int(port))
                for kind, port in ((kinds.HTTPS, Port.HTTPS), (kinds.HTTP, Port.HTTP))
            ],
            source_addresses=["*"],
            target_fqdns=["*"],
        )
        self._rules("names", RuleGroup.NAMES, [everything], allow=False)

    def _rules(
        self, noun: str, priority: int, rules: Sequence[network.NetworkRuleArgs | network.ApplicationRuleArgs], *,
        allow: bool = True,
    ) -> None:  # fmt: skip
        kinds = network.FirewallPolicyFilterRuleCollectionActionType
        self._last_rules = network.FirewallPolicyRuleCollectionGroup(
            f"{self.called}-{noun}",
            rule_collection_group_name=self.room.names.local(Kind.RULE_GROUP, noun),
            firewall_policy_name=self.policy.name,
            resource_group_name=self.room.group_name,
            priority=priority,
            rule_collections=[
                network.FirewallPolicyFilterRuleCollectionArgs(
                    rule_collection_type="FirewallPolicyFilterRuleCollection",
                    name=f"{noun}-{'allow' if allow else 'deny'}",
                    priority=priority,
                    action=network.FirewallPolicyFilterRuleCollectionActionArgs(
                        type=kinds.ALLOW if allow else kinds.DENY
                    ),
                    rules=list(rules),
                )
            ],
            # Azure takes one write to a policy and its groups at a time.
            opts=self.own(depends_on=[self._last_rules]),
        )

    def _firewall(self, subnet: network.Subnet) -> network.AzureFirewall:
        room = self.room
        address = PublicAddress(self.called, room, self).address
        return network.AzureFirewall(
            self.called,
            azure_firewall_name=room.names.local(Kind.FIREWALL),
            resource_group_name=room.group_name,
            location=room.location,
            sku=network.AzureFirewallSkuArgs(
                name=network.AzureFirewallSkuName.AZF_W_V_NET, tier=network.AzureFirewallSkuTier.PREMIUM
            ),
            firewall_policy=network.SubResourceArgs(id=self.policy.id),
            ip_configurations=[
                network.AzureFirewallIPConfigurationArgs(
                    name=room.names.local(Kind.IP_CONFIGURATION, self.called),
                    subnet=network.SubResourceArgs(id=subnet.id),
                    public_ip_address=network.SubResourceArgs(id=address.id),
                )
            ],
            zones=list(room.zones) or None,
            tags=room.tags,
            # A write to the policy of a running firewall takes minutes, and one of a new firewall seconds.
            opts=self.own(depends_on=[self._last_rules]),
        )


def _leads(
    name: str, source: IPv4Network, targets: Sequence[IPv4Address | str], *, plain_http: bool = False
) -> network.NetworkRuleArgs:
    """A rule from a subnet to single addresses, over HTTPS."""
    return network.NetworkRuleArgs(
        rule_type="NetworkRule",
        name=name,
        ip_protocols=[network.FirewallPolicyRuleNetworkProtocol.TCP],
        source_addresses=[str(source)],
        destination_addresses=[str(target) for target in targets],
        destination_ports=[str(int(port)) for port in (Port.HTTPS, Port.HTTP)[: 1 + plain_http]],
    )


def _refuse_homeless(egress: Mapping[str, Sequence[EgressRule]], ranges: Mapping[str, IPv4Network]) -> None:
    homeless = [kind for kind, rules in egress.items() if rules and kind not in ranges]
    unknown = [kind for kind in ranges if kind not in list(TenancyKind)]
    if homeless or unknown:
        raise BadInput(
            "A kind of tenancy has rules for its way out, but no range, or is not known at all.",
            key="sde:tenancy_ranges",
            found=", ".join(homeless + unknown),
            allowed=", ".join(TenancyKind),
            fix="Give the kind a range, or take it away.",
        )


def _as_expected(configurations: Sequence[object] | None, expected: str) -> str:
    """The firewall's address, if it is the one that the networks were told."""
    found = [getattr(one, "private_ip_address", None) for one in configurations or ()]
    if found != [expected]:
        raise RuntimeError(f"Azure gave the firewall the address {found}, but the networks were told {expected}")
    return expected
