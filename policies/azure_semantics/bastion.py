"""The rules that Azure requires in the NSG of a Bastion's subnet.

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
"""The required service tags of the remote end, with their ports, by direction (True: inbound)."""
ALL_PROTOCOLS_ALLOWED = {True: ("virtualnetwork",), False: ("virtualnetwork", "internet")}
"""The tags for which Azure requires all protocols."""


def guards_bastion(group: Resource, context: PolicyContext) -> bool:
    """True if an NSG protects subnets of Bastions and nothing else."""
    paths = ((SUBNET, "networkSecurityGroup.id"), (NETWORK, "subnets[*].networkSecurityGroup.id"))
    holders = [resource for type_, path in paths for resource in context.referencing(type_, path, group)]
    subnets = [s for r in holders for s in subnets_in(r) if str(s.at("networkSecurityGroup.id")).lower() == _id(group)]
    interfaces = context.referencing("network:NetworkInterface", "networkSecurityGroup.id", group)
    return bool(subnets) and not interfaces and all(subnet.name == BASTION_SUBNET for subnet in subnets)


def is_bastion_rule(rule: NsgRule) -> bool:
    """True if a rule that allows traffic is one of the rules that Azure requires."""
    ports = ALLOWED[rule.inbound]
    protocols = (
        ("tcp", "*")
        if any(remote.tag in ALL_PROTOCOLS_ALLOWED[rule.inbound] for remote in rule.remote_ends)
        else ("tcp",)
    )
    return (
        not rule.has_application_group
        and rule.protocol in protocols
        and all(
            remote.tag in ports and all(low == high and low in ports[remote.tag] for low, high in rule.ports)
            for remote in rule.remote_ends
        )
    )


def is_required_by_bastion(rule: NsgRule, resource: Resource, context: PolicyContext) -> bool:
    """True if a rule, inline in an NSG or a separate resource, is one that Azure requires in its NSG for a Bastion."""
    if not is_bastion_rule(rule):
        return False
    group = resource if resource.type == GROUP else context.get(ids.parent(ids.own(resource)))
    return group is not None and guards_bastion(group, context)


def _id(group: Resource) -> str:
    return (group.id or "").lower()
