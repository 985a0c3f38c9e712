"""Only the hub's peerings accept forwarded traffic, and networks have private addresses (NW17)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.addresses import is_private
from policies.azure_semantics.network import NETWORK, is_hub, peerings_of, prefixes_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PEERING = "network:VirtualNetworkPeering"
FORWARDED = "allowForwardedTraffic"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse forwarded traffic into the hub. Traffic that the firewall forwards must enter the other networks."""
    for peering in peerings_of(resource):
        local_network = context.get(peering.local_id)
        may_be_hub = local_network is None or is_hub(local_network, context)
        if may_be_hub and resource.at(peering.path_of(FORWARDED)) not in (MISSING, False):
            yield Violation(peering.path_of(FORWARDED), "lets the hub accept traffic that a network forwards")
    if resource.type == NETWORK:
        yield from _check_addresses(resource)


def _check_addresses(network: Resource) -> Iterator[Violation]:
    prefixes = prefixes_of(network)
    if not prefixes:
        yield Violation("addressSpace.addressPrefixes", "is not set, so the addresses are unknown")
    for prefix in prefixes:
        if not is_private(prefix):
            yield Violation("addressSpace.addressPrefixes", f"contains {prefix}, which is not private")


POLICY = Policy(
    id="NW17",
    title="Only the hub's peerings accept forwarded traffic, and networks have private addresses",
    why="Forwarded traffic hides its sender; public addresses inside change the meaning of routes and rules.",
    resource_types=(PEERING, NETWORK),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10"), ncsc=("3",), caf=("B4.a",), iso27001=("8.22",), five_safes=("settings",)
    ),
    fix="Set allowForwardedTraffic to false on the hub's side; give networks ranges of RFC 1918.",
    check=check,
    check_paths=(
        FORWARDED,
        f"virtualNetworkPeerings[*].{FORWARDED}",
        "addressSpace.addressPrefixes",
        "network:Subnet:subnetName",
        "subnets",
    ),
    evaluation_scope="stack",
)
