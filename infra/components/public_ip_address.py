"""A public IP address: only the hub's firewall and Bastion have one."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent, ComponentArgs, DiagnosticCategories
from infra.names import ResourceKind


class PublicIpAddress(BaseComponent):
    """A static public IP address in all availability zones of the region, with its diagnostic setting."""

    TYPE = "sde:infra:PublicIpAddress"

    def __init__(self, name: str, args: ComponentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        self.address = network.PublicIPAddress(
            name,
            public_ip_address_name=scope.names.local(ResourceKind.PUBLIC_ADDRESS, name),
            resource_group_name=scope.group_name,
            location=scope.location,
            sku=network.PublicIPAddressSkuArgs(
                name=network.PublicIPAddressSkuName.STANDARD, tier=network.PublicIPAddressSkuTier.REGIONAL
            ),
            public_ip_allocation_method=network.IPAllocationMethod.STATIC,
            public_ip_address_version=network.IPVersion.I_PV4,
            zones=list(scope.zones) or None,
            tags=scope.tags,
            opts=self.child_opts(),
        )
        self.add_diagnostic_setting(f"{name}-address", self.address.id, DiagnosticCategories.GENERAL)
        self.register_outputs({"address": self.address.id})
