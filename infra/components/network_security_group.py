"""A network security group (NSG) that denies by default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent, ComponentArgs, DiagnosticCategories
from infra.components.nsg_rules import SecurityRule, deny_by_default_rules
from infra.names import ResourceKind


@dataclass(frozen=True, kw_only=True)
class NetworkSecurityGroupArgs(ComponentArgs):
    """The arguments of `NetworkSecurityGroup`."""

    allowed: Sequence[SecurityRule] = ()
    """The rules that allow traffic."""
    internet_facing: bool = False
    """Omit the explicit deny rule for inbound traffic from the Internet. For the Bastion subnet only, which accepts
    HTTPS from browsers."""


class NetworkSecurityGroup(BaseComponent):
    """An NSG that allows the given traffic and denies all other, including what Azure's default rules allow."""

    TYPE = "sde:infra:NetworkSecurityGroup"

    def __init__(self, name: str, args: NetworkSecurityGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        self.group = network.NetworkSecurityGroup(
            name,
            network_security_group_name=scope.names.local(ResourceKind.SECURITY_GROUP, name),
            resource_group_name=scope.group_name,
            location=scope.location,
            security_rules=deny_by_default_rules(args.allowed, internet_facing=args.internet_facing),
            tags=scope.tags,
            opts=self.child_opts(),
        )
        self.add_diagnostic_setting(f"{name}-nsg", self.group.id, DiagnosticCategories.SECURITY_GROUP)
        self.register_outputs({"group": self.group.id})

    @property
    def reference(self) -> network.NetworkSecurityGroupArgs:
        """The NSG's id as the input of a subnet or network interface."""
        return network.NetworkSecurityGroupArgs(id=self.group.id)
