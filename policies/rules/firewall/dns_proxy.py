"""The firewall's DNS proxy is the only DNS server of each network (FW4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.addresses import span
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.azure_semantics.network import NETWORK, dns_servers_of, is_hub
from policies.azure_semantics.properties import texts
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals

INTERFACE, INTERFACE_SUBNET = "network:NetworkInterface", "ipConfigurations[*].subnet.id"
SERVERS = "dhcpOptions.dnsServers"
OWN_SERVERS = "dnsSettings.dnsServers"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require private DNS servers. By default computers ask Azure's DNS server, past the firewall."""
    if resource.type == FIREWALL_POLICY:
        for server in texts(resource, "dnsSettings.servers"):
            if not span(server).private:
                yield Violation(
                    "dnsSettings.servers", f"is {server}, a public server, which would receive the estate's queries"
                )
    elif resource.type == INTERFACE:
        if texts(resource, OWN_SERVERS):
            yield Violation(OWN_SERVERS, "is set; an interface must use its network's DNS server")
    else:
        yield from _check_network(resource, context)


def _check_network(network: Resource, context: PolicyContext) -> Iterator[Violation]:
    servers = dns_servers_of(network)
    if not servers and is_hub(network, context):
        yield from _check_interfaces(network, context)
        return
    if len(servers) != 1:
        found = "is not set, so Azure resolves names, past the firewall" if not servers else "has several"
        yield Violation(SERVERS, f"{found}; it must name the firewall alone")
    for server in servers:
        if not span(server).private:
            yield Violation(SERVERS, f"is {server}, which is not a private address")


def _check_interfaces(hub: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that no machine is in a hub with Azure's own DNS, which Azure's services in it need."""
    for interface in context.referencing(INTERFACE, INTERFACE_SUBNET, hub):
        yield Violation(SERVERS, f"is not set, so Azure resolves the names of {interface.name}, past the firewall")


POLICY = Policy(
    id="FW4",
    title="The firewall's DNS proxy is the only DNS server of each network",
    why="DNS queries can carry data out. The proxy asks from the hub, whose DNS security policy answers few names.",
    resource_types=(FIREWALL_POLICY, NETWORK, INTERFACE),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), caf=("B4.a",), iso27001=("8.20",), five_safes=("outputs",)
    ),
    fix="Set dnsSettings.enableProxy on the firewall policy, and each network's only DNS server to the firewall. The "
    "firewall's own network may use Azure's DNS if no machine is in it.",
    requires=(equals("dnsSettings.enableProxy", True, default="false", only_on=FIREWALL_POLICY),),
    check=check,
    check_paths=(
        "dnsSettings.servers",
        SERVERS,
        OWN_SERVERS,
        f"{NETWORK}:subnets",
        "network:Subnet:subnetName",
        f"{INTERFACE}:{INTERFACE_SUBNET}",
    ),
    evaluation_scope="stack",
)
