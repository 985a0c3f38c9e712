"""NW7: networks peer with the hub alone, and no peering carries a gateway."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policies.azure_semantics.network import NETWORK, Peering, is_hub, peerings_of
from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PEERING = "network:VirtualNetworkPeering"
OFF = ("allowGatewayTransit", "useRemoteGateways")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """The hub may lie in another stack: then nothing else may, and every peering of this one leads to the same."""
    for peering in peerings_of(resource):
        for flag in OFF:
            if resource.at(peering.inner(flag)) not in (MISSING, False):
                yield Violation(peering.inner(flag), "is on; no network may borrow another's gateway")
        yield from _ends(peering, context)


def _ends(peering: Peering, context: PolicyContext) -> Iterator[Violation]:
    where = peering.inner("remoteVirtualNetwork.id")
    near, far = context.get(peering.near), context.get(peering.far)
    hubs = [network for network in (near, far) if network is not None and is_hub(network, context)]
    if near is not None and far is not None and len(hubs) != 1:
        yield Violation(where, "joins two networks of which not exactly one is a hub with a firewall")
    if near is None and far is None:
        yield Violation(where, "joins two networks that are not judged here")
    if (near is not None and far is None and hubs) or (context.whole and (near is None or far is None)):
        yield Violation(where, "joins a network that is not judged here")
    if (near is None) != (far is None) and not hubs and not context.whole:
        stack = peering.resource.stack
        others = context.once(("NW7", stack), partial(_outside, peering.resource, context))
        if len(others) > 1:
            yield Violation(
                where, f"this stack's networks peer with {len(others)} networks outside it; a hub is only one"
            )


def _outside(resource: Resource, context: PolicyContext) -> set[str]:
    """The networks outside what is judged that peerings of the same stack lead to, or come from."""
    peerings = [p for r in context.same_stack(resource, PEERING, NETWORK) for p in peerings_of(r)]
    return {end for p in peerings for end in (p.near, p.far) if context.get(end) is None}


def _applies(resource: Resource, _: PolicyContext) -> bool:
    return resource.type == PEERING or bool(entries(resource, "virtualNetworkPeerings"))


POLICY = Policy(
    id="NW7",
    title="Networks peer with the hub alone",
    why="A peering between two workspaces, or over a gateway, is a way from one project to another past the firewall.",
    on=(PEERING, NETWORK),
    reads=("remoteVirtualNetwork.id", *OFF, "virtualNetworkPeerings", f"{NETWORK}:subnets"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10"), ncsc=("3",), iso27001=("8.22",), five_safes=("settings", "projects")
    ),
    fix="Peer each network with the hub and nothing else; set allowGatewayTransit and useRemoteGateways to false.",
    check=check,
    applies=_applies,
    scope="stack",
)
