"""NW17: only the hub's side of a peering sees what others forward, and no network lies on another's addresses."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.addresses import is_private
from policies.azure_semantics.network import NETWORK, is_hub, peerings_of, prefixes_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PEERING = "network:VirtualNetworkPeering"
FORWARDED = "allowForwardedTraffic"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """What a workspace forwards must not enter the hub; what the firewall forwards must enter the workspace."""
    for peering in peerings_of(resource):
        near, forwards = context.get(peering.near), resource.at(peering.inner(FORWARDED))
        outside = near is None or is_hub(near, context)
        if outside and forwards not in (MISSING, False):
            yield Violation(peering.inner(FORWARDED), "lets the hub take what a network forwards for others")
    if resource.type == NETWORK:
        yield from _addresses(resource)


def _addresses(network: Resource) -> Iterator[Violation]:
    prefixes = prefixes_of(network)
    if not prefixes:
        yield Violation("addressSpace.addressPrefixes", "is not set, so nobody can say which addresses are meant")
    for prefix in prefixes:
        if not is_private(prefix):
            yield Violation("addressSpace.addressPrefixes", f"holds {prefix}, which is not private")


POLICY = Policy(
    id="NW17",
    title="Peerings carry nothing for others, and networks have private addresses",
    why="Forwarded traffic hides who sent it; public addresses inside make routes and rules mean something else.",
    on=(PEERING, NETWORK),
    reads=(FORWARDED, f"virtualNetworkPeerings[*].{FORWARDED}", "addressSpace.addressPrefixes"),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.09", "2.2.10"), ncsc=("3",), iso27001=("8.22",), five_safes=("settings",)),
    fix="Set allowForwardedTraffic to false on the hub's side; give networks ranges of RFC 1918.",
    check=check,
    scope="stack",
)
