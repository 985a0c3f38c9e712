"""FW4: the firewall answers for names, and networks ask nobody else."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.addresses import span
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.azure_semantics.network import NETWORK, name_servers_of
from policies.azure_semantics.properties import must, texts
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CARD = "network:NetworkInterface"
SERVERS = "dhcpOptions.dnsServers"
OWN_SERVERS = "dnsSettings.dnsServers"


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure answers everybody for every name, past the firewall, unless a network asks elsewhere."""
    if resource.type == FIREWALL_POLICY:
        yield from must(resource, "dnsSettings.enableProxy", True, default="false")
        for server in texts(resource, "dnsSettings.servers"):
            if not span(server).private:
                yield Violation("dnsSettings.servers", f"asks {server}, a public server, for the estate's names")
    elif resource.type == CARD:
        if texts(resource, OWN_SERVERS):
            yield Violation(OWN_SERVERS, "asks its own server for names; a card asks whom its network asks")
    else:
        yield from _asks(resource)


def _asks(network: Resource) -> Iterator[Violation]:
    servers = name_servers_of(network)
    if len(servers) != 1:
        said = "is not set, and Azure then answers for names, past the firewall" if not servers else "names several"
        yield Violation(SERVERS, f"{said}; it must name the firewall alone")
    for server in servers:
        if not span(server).private:
            yield Violation(SERVERS, f"names {server}, which is no private address")


POLICY = Policy(
    id="FW4",
    title="The firewall answers for names",
    why="A question for a name can carry data out, letter by letter; past the firewall nobody sees it.",
    on=(FIREWALL_POLICY, NETWORK, CARD),
    reads=("dnsSettings.enableProxy", "dnsSettings.servers", SERVERS, OWN_SERVERS),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.2.11", "3.1.12"), ncsc=("11",), iso27001=("8.20",), five_safes=("outputs",)),
    fix="Set dnsSettings.enableProxy on the firewall policy, and each network's only DNS server to the firewall.",
    check=check,
)
