"""Networks are peered with the hub only (NW7)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policies.azure_semantics.network import NETWORK, Peering, is_hub, peerings_of
from policies.azure_semantics.properties import entries
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals_if_set
from policies.violations import violations_at

PEERING = "network:VirtualNetworkPeering"
OFF = tuple(equals_if_set(flag, False, only_on=PEERING) for flag in ("allowGatewayTransit", "useRemoteGateways"))


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require one hub per peering. A hub in another stack is unknown here: all peerings must then have the same end."""
    for peering in peerings_of(resource):
        for requirement in OFF:
            yield from violations_at(peering.path_of(requirement.path), requirement, resource)
        yield from _check_ends(peering, context)


def _check_ends(peering: Peering, context: PolicyContext) -> Iterator[Violation]:
    where = peering.path_of("remoteVirtualNetwork.id")
    near, far = context.get(peering.local_id), context.get(peering.remote_id)
    hubs = [network for network in (near, far) if network is not None and is_hub(network, context)]
    if near is not None and far is not None and len(hubs) != 1:
        yield Violation(where, "connects two networks of which not exactly one is a hub with a firewall")
    if near is None and far is None:
        yield Violation(where, "connects two networks that are not in this check")
    if (near is not None and far is None and hubs) or (context.is_complete and (near is None or far is None)):
        yield Violation(where, "connects a network that is not in this check")
    if (near is None) != (far is None) and not hubs and not context.is_complete:
        stack = peering.resource.stack
        others = context.once(("NW7", stack), partial(_outside, peering.resource, context))
        if len(others) > 1:
            yield Violation(
                where,
                f"this stack's networks are peered with {len(others)} networks of other stacks; one can be a hub",
            )


def _outside(resource: Resource, context: PolicyContext) -> set[str]:
    """Return the ends of the stack's peerings that are not in this check."""
    peerings = [p for r in context.same_stack(resource, PEERING, NETWORK) for p in peerings_of(r)]
    return {end for p in peerings for end in (p.local_id, p.remote_id) if context.get(end) is None}


def _applies(resource: Resource, _: PolicyContext) -> bool:
    return resource.type == PEERING or bool(entries(resource, "virtualNetworkPeerings"))


POLICY = Policy(
    id="NW7",
    title="Networks are peered with the hub only",
    why="A peering between two other networks, or over a gateway, connects projects past the firewall.",
    resource_types=(PEERING, NETWORK),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10"),
        ncsc=("3",),
        caf=("B4.a", "B5.b"),
        iso27001=("8.22",),
        five_safes=("settings", "projects"),
    ),
    fix="Peer each network with the hub and nothing else; set allowGatewayTransit and useRemoteGateways to false.",
    check=check,
    required_by_check=OFF,
    check_paths=(
        "remoteVirtualNetwork.id",
        "virtualNetworkPeerings",
        f"{NETWORK}:subnets",
        "network:Subnet:subnetName",
    ),
    applies=_applies,
    evaluation_scope="stack",
)
