"""Azure Bastion's NSG: the rules that its subnet's NSG must have, and may have.

Source: learn.microsoft.com, "Working with NSG access and Azure Bastion".
"""

from __future__ import annotations

from policies.azure_semantics import ids
from policies.azure_semantics.network import BASTION_SUBNET, NETWORK, SUBNET, subnets_in
from policies.azure_semantics.security_group import NsgRule
from policies.model import PolicyContext, Resource

GROUP = "network:NetworkSecurityGroup"
ALLOWED = {
    True: {"internet": (443,), "gatewaymanager": (443,), "azureloadbalancer": (443,), "virtualnetwork": (8080, 5701)},
    False: {"virtualnetwork": (22, 3389, 8080, 5701), "azurecloud": (443,), "internet": (80,)},
}
"""The required service tags at the far end, with their ports, for each direction (True: inbound)."""


WIDE = {True: ("virtualnetwork",), False: ("virtualnetwork", "internet")}
"""The tags for which Azure requires all protocols."""


def guards_bastion(group: Resource, context: PolicyContext) -> bool:
    """True if an NSG protects subnets of Bastions and nothing else."""
    paths = ((SUBNET, "networkSecurityGroup.id"), (NETWORK, "subnets[*].networkSecurityGroup.id"))
    holders = [resource for type_, path in paths for resource in context.referencing(type_, path, group)]
    subnets = [s for r in holders for s in subnets_in(r) if str(s.at("networkSecurityGroup.id")).lower() == _id(group)]
    cards = context.referencing("network:NetworkInterface", "networkSecurityGroup.id", group)
    return bool(subnets) and not cards and all(subnet.name == BASTION_SUBNET for subnet in subnets)


def is_bastions(rule: NsgRule) -> bool:
    """True if a rule that allows is one of those that Azure requires."""
    ports = ALLOWED[rule.inbound]
    protocols = ("tcp", "*") if any(far.tag in WIDE[rule.inbound] for far in rule.far) else ("tcp",)
    return (
        not rule.by_group
        and rule.protocol in protocols
        and all(
            far.tag in ports and all(low == high and low in ports[far.tag] for low, high in rule.ports)
            for far in rule.far
        )
    )


def asked_by_azure(rule: NsgRule, resource: Resource, context: PolicyContext) -> bool:
    """True if a rule, inline in an NSG or a resource of its own, is one that Azure requires for a Bastion."""
    if not is_bastions(rule):
        return False
    group = resource if resource.type == GROUP else context.get(ids.parent(ids.own(resource)))
    return group is not None and guards_bastion(group, context)


def _id(group: Resource) -> str:
    return (group.id or "").lower()
