"""DNS as a channel: the controls that must fail before a DNS query carries data to an outsider's name server.

A computer asks Azure's DNS server directly, to which rules for other destinations, routes and firewalls do not apply;
or by the DNS proxy of a firewall, whose own network then asks. A DNS query to any other server is a packet like others
(`network_reachability.py`).

Sources, all learn.microsoft.com: "Network security groups", Azure platform considerations; "What is IP address
168.63.129.16?"; "Azure Firewall DNS settings"; "Azure DNS security policy".
"""

from __future__ import annotations

from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.dns_policies import blocks_outsiders, policy_of, rules_of
from policies.azure_semantics.security_group import denies_azure_dns
from policies.model import Resource
from policies.reachability.control_sets import (
    ALWAYS,
    MAX_CONTROLS,
    NEVER,
    Control,
    ControlKind,
    ControlSets,
    all_of,
    any_of,
    step,
)
from policies.reachability.egress import DNS, Egress, nsg_control
from policies.reachability.subnet_paths import SubnetPaths
from policies.reachability.topology import Firewall, NetworkLocation, Subnet, Topology

PROTOCOLS = ("udp", "tcp")


class DnsQueries:
    """The controls on DNS queries from each network location, each evaluated once."""

    def __init__(self, topology: Topology, egress: Egress, paths: SubnetPaths) -> None:
        self._topology, self._registry = topology, topology.registry
        self._egress, self._paths = egress, paths
        self._answers: dict[str, ControlSets] = {}

    def to_outsiders(self, location: NetworkLocation, limit: int = MAX_CONTROLS) -> ControlSets:
        """Return the controls on a DNS query that reaches an outsider's name server."""
        subnet = location.subnet
        if subnet is None:
            return ALWAYS
        by_proxy = (self._by_proxy(location, subnet, firewall, limit) for firewall in self._topology.firewalls)
        return any_of(self._directly(location, subnet, limit), *by_proxy, limit=limit)

    def _directly(self, location: NetworkLocation, subnet: Subnet, limit: int) -> ControlSets:
        """Return the controls on a DNS query to Azure's DNS server, which answers networks of Azure only."""
        if subnet.is_remote:
            return NEVER
        nsgs = self._egress.nsgs(location)
        denying = [nsg for nsg in nsgs if nsg.rules is not None and denies_azure_dns(nsg.rules)]
        controls = (
            nsg_control(nsg, "outbound", f"{ids.name(nsg.id)} denies Azure's DNS server by name") for nsg in denying
        )
        return all_of(
            self._registry.requiring(*controls),
            self._answered(subnet.network),
            step("in the names of DNS queries to Azure's DNS server"),
            limit=limit,
        )

    def _by_proxy(self, location: NetworkLocation, subnet: Subnet, firewall: Firewall, limit: int) -> ControlSets:
        name, to = ids.name(firewall.id), IPv4Network(f"{firewall.address}/32")
        no_proxy = Control(
            ControlKind.FIREWALL, f"{firewall.policy}#dns-proxy", f"{name} is no DNS proxy", firewall.policy
        )
        return all_of(
            self._paths.peered(subnet.network, firewall.network),
            any_of(*(self._egress.to(location, to, DNS, protocol) for protocol in PROTOCOLS)),
            ALWAYS if firewall.dns_proxy else self._registry.requiring(no_proxy),
            ALWAYS if firewall.has_own_dns_servers else self._answered(firewall.network),
            step(f"in the names of DNS queries to the DNS proxy of {name}"),
            limit=limit,
        )

    def _answered(self, network: str) -> ControlSets:
        """Return the control that Azure's DNS server answers few names in a network; `ALWAYS` if it answers any."""
        if network not in self._answers:
            policy = self._topology.read_or_open(f"the DNS security policy of {network}", None, self._policy, network)
            text = f"the DNS security policy of {ids.name(network)} answers no name of an outsider"
            self._answers[network] = (
                self._registry.requiring(
                    Control(ControlKind.DNS_POLICY, f"{network}#names", text, ids.plain(policy.id))
                )
                if policy
                else ALWAYS
            )
        return self._answers[network]

    def _policy(self, network: str) -> Resource | None:
        """Return the DNS security policy of a network if it gives outsiders no answer."""
        estate = self._topology.estate
        policy = policy_of(network, estate)
        return policy if policy and blocks_outsiders(rules_of(policy, estate)) else None
