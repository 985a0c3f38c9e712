"""The DNS security policy of a virtual network: the names that Azure's DNS server answers in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import dnsresolver, network

from infra.components.base_component import BaseComponent, ComponentArgs, DiagnosticCategories
from infra.names import ResourceKind

EVERY_NAME = "."
"""The domain of all names (learn.microsoft.com, "Azure DNS security policy", DNS traffic rules)."""
ALLOW_PRIORITY, BLOCK_PRIORITY = 100, 200
"""The lower number decides. Azure takes 100 to 65,000."""


@dataclass(frozen=True, kw_only=True)
class DnsSecurityPolicyArgs(ComponentArgs):
    """The arguments of `DnsSecurityPolicy`."""

    network: network.VirtualNetwork
    """The network that the policy applies to. Azure links one policy to a network."""
    allowed: Sequence[str] = ()
    """The domains that are answered, with all names below them. Empty: no name is."""


class DnsSecurityPolicy(BaseComponent):
    """A DNS security policy that blocks every name but a few, linked to one network, with its queries logged.

    Each stack has its own, so that a stack with a mistake changes the answers in its own network only.
    """

    TYPE = "sde:infra:DnsSecurityPolicy"

    def __init__(self, name: str, args: DnsSecurityPolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        self.policy = dnsresolver.DnsResolverPolicy(
            name,
            dns_resolver_policy_name=scope.names.local(ResourceKind.DNS_POLICY, name),
            resource_group_name=scope.group_name,
            location=scope.location,
            tags=scope.tags,
            opts=self.child_opts(),
        )
        actions = dnsresolver.ActionType
        rules = [self._rule("block", BLOCK_PRIORITY, actions.BLOCK, [EVERY_NAME])]
        if args.allowed:
            rules.append(self._rule("allow", ALLOW_PRIORITY, actions.ALLOW, args.allowed))
        self.add_diagnostic_setting(f"{name}-names", self.policy.id, DiagnosticCategories.DNS_POLICY)
        dnsresolver.DnsResolverPolicyVirtualNetworkLink(
            name,
            dns_resolver_policy_virtual_network_link_name=scope.names.local(ResourceKind.DNS_LINK, name),
            dns_resolver_policy_name=self.policy.name,
            resource_group_name=scope.group_name,
            location=scope.location,
            virtual_network=dnsresolver.SubResourceArgs(id=args.network.id),
            tags=scope.tags,
            # Without the rule that allows names, a network in use would get no answer.
            opts=self.child_opts(depends_on=rules),
        )
        self.register_outputs({"policy": self.policy.id})

    def _rule(
        self, purpose: str, priority: int, action: dnsresolver.ActionType, domains: Sequence[str]
    ) -> dnsresolver.DnsSecurityRule:
        name, scope = f"{self.name}-{purpose}", self.scope
        domain_list = dnsresolver.DnsResolverDomainList(
            name,
            dns_resolver_domain_list_name=scope.names.local(ResourceKind.DOMAIN_LIST, name),
            resource_group_name=scope.group_name,
            location=scope.location,
            domains=list(domains),
            tags=scope.tags,
            opts=self.child_opts(),
        )
        return dnsresolver.DnsSecurityRule(
            name,
            dns_security_rule_name=scope.names.local(ResourceKind.DNS_RULE, purpose),
            dns_resolver_policy_name=self.policy.name,
            resource_group_name=scope.group_name,
            location=scope.location,
            priority=priority,
            action=dnsresolver.DnsSecurityRuleActionArgs(action_type=action),
            dns_resolver_domain_lists=[dnsresolver.SubResourceArgs(id=domain_list.id)],
            dns_security_rule_state=dnsresolver.DnsSecurityRuleState.ENABLED,
            tags=scope.tags,
            opts=self.child_opts(),
        )
