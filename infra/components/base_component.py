"""The base class of the components in a resource group, with the methods that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address
from typing import Any, ClassVar, Protocol

import pulumi
from pulumi_azure_native import managedidentity, monitor, network

from infra.components.grants import Principal, assign_role
from infra.components.resource_group_scope import ResourceGroupScope
from infra.components.write_order import WriteOrder
from infra.names import ResourceKind
from infra.network_services import PrivateService
from infra.roles import CustomRole, Role


class DiagnosticCategories(Enum):
    """The log category group, metric categories and table type of a diagnostic setting, by type of resource.

    Sources: learn.microsoft.com, "Supported logs" and "Supported metrics" of each type (July 2026). That a type has the
    group allLogs: Azure's built-in policies "Enable logging by category group for … to Log Analytics" for firewalls
    (a4490248), Bastions (f8352124), vaults, security groups (baa4c6de), networks (3234ff41), public addresses
    (1513498c), workspaces (818719e5) and container registries (56288eb2); for blob services Azure Verified Modules,
    bicep-registry-modules issue 2101. Types that have metrics only (interfaces, private endpoints, virtual machines)
    are left out.
    """

    FIREWALL = ("allLogs", ("AllMetrics",), "Dedicated")
    GENERAL = ("allLogs", ("AllMetrics",), None)
    SECURITY_GROUP = ("allLogs", (), None)
    """Security groups have no metrics."""
    STORAGE_ACCOUNT = (None, ("Transaction", "Capacity"), None)
    """A storage account has metrics only; its blob service has the logs."""
    BLOB_SERVICE = ("allLogs", ("Transaction", "Capacity"), None)
    MALWARE_SCAN = ("ScanResults", (), None)
    """Malware scanning has a log category but no category group."""
    DNS_POLICY = ("DnsResponse", (), None)
    """No source names a category group of DNS security policies."""

    @property
    def log(self) -> monitor.DiagnosticsLogSettingsArgs | None:
        """The log settings, or None for a type without logs."""
        name = self.value[0]
        if name is None:
            return None
        if self in (DiagnosticCategories.MALWARE_SCAN, DiagnosticCategories.DNS_POLICY):
            return monitor.DiagnosticsLogSettingsArgs(category=name, enabled=True)
        return monitor.DiagnosticsLogSettingsArgs(category_group=name, enabled=True)


class PrivateDnsZoneIds(Protocol):
    """An object that knows the ids of the cell's private DNS zones."""

    def zone_id(self, name: str) -> pulumi.Input[str]:
        """Return the id of the zone with that name."""
        ...


@dataclass(frozen=True)
class PrivateEndpointPlacement:
    """The subnet, DNS zones and address of a private endpoint."""

    subnet: pulumi.Input[str]
    """The subnet's id."""
    dns: PrivateDnsZoneIds
    """The DNS zones in which the endpoint's names are registered."""
    network_writes: WriteOrder
    """The writes to the subnet's network, of which the endpoint is one."""
    addresses: tuple[IPv4Address, ...]
    """The static addresses from the address plan, one for each member of the service. Empty: Azure assigns them, for a
    service whose members are not known before the deployment."""


@dataclass(frozen=True, kw_only=True)
class ComponentArgs:
    """The arguments that all components in a resource group have."""

    scope: ResourceGroupScope
    """The resource group that the component creates its resources in. Also its parent, unless `opts` set another."""


class BaseComponent(pulumi.ComponentResource):
    """A component in a resource group."""

    TYPE: ClassVar[str]
    """The type token. It is part of the URN of every resource below, so a change needs an alias once deployed."""

    def __init__(self, name: str, args: ComponentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        defaults = pulumi.ResourceOptions(parent=args.scope)
        super().__init__(self.TYPE, name, None, pulumi.ResourceOptions.merge(defaults, opts))
        self.name = name
        self.scope = args.scope

    def child_opts(self, **options: Any) -> pulumi.ResourceOptions:
        """Return the options of a child resource."""
        return pulumi.ResourceOptions(parent=self, **options)

    def protected_opts(self, **options: Any) -> pulumi.ResourceOptions:
        """Return the options of a child resource with data or keys: the engine refuses to delete or replace it."""
        return self.child_opts(protect=True, **options)

    def new_identity(self, name: str) -> managedidentity.UserAssignedIdentity:
        """Create a user-assigned identity."""
        return managedidentity.UserAssignedIdentity(
            name,
            resource_name_=self.scope.names.local(ResourceKind.IDENTITY, name),
            resource_group_name=self.scope.group_name,
            location=self.scope.location,
            tags=self.scope.tags,
            opts=self.child_opts(),
        )

    def identity_id(self, name: str) -> str:
        """Return the id of the identity with that name, derived from names, as a key of a map has to be."""
        named = self.scope.names.local(ResourceKind.IDENTITY, name)
        return f"{self.scope.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{named}"

    def add_diagnostic_setting(
        self, name: str, target: pulumi.Input[str], categories: DiagnosticCategories, *,
        locked_parent: pulumi.Resource | None = None,
    ) -> None:  # fmt: skip
        """Send the logs and metrics of a resource to the scope's Log Analytics workspace."""
        _, metrics, destination = categories.value
        setting = monitor.DiagnosticSetting(
            name,
            name=self.scope.names.local(ResourceKind.DIAGNOSTICS, name),
            resource_uri=target,
            workspace_id=self.scope.log_workspace_id,
            log_analytics_destination_type=destination,
            logs=[categories.log] if categories.log else None,
            metrics=[monitor.DiagnosticsMetricSettingsArgs(category=metric, enabled=True) for metric in metrics]
            or None,
            opts=self.child_opts(),
        )
        if locked_parent:
            self.scope.add_locked_child(locked_parent, setting)

    def grant(
        self, name: str, role: Role | CustomRole, principal: Principal, on: pulumi.Input[str], *,
        locked_parent: pulumi.Resource | None = None, subscription: pulumi.Input[object] | None = None,
        condition: str | None = None,
    ) -> pulumi.Resource:  # fmt: skip
        """Assign a role on exactly one resource or resource group and return the role assignment.

        `subscription` is that of the resource, if it is not the stack's.
        """
        subscription = subscription or self.scope.config.subscription
        assignment = assign_role(name, role, principal, on, subscription=subscription, condition=condition,
                                 parent=self)  # fmt: skip
        if locked_parent:
            self.scope.add_locked_child(locked_parent, assignment)
        return assignment

    def add_private_endpoint(
        self, name: str, target: pulumi.CustomResource, service: PrivateService, placement: PrivateEndpointPlacement, *,
        after: Sequence[pulumi.Resource] = (),
    ) -> pulumi.Resource:  # fmt: skip
        """Create a private endpoint for a resource and, for a service with DNS zones, its DNS records. Return what is
        created last.

        `after` has the writes to the resource that must be complete: the endpoint is a write to it as well.
        """
        names = self.scope.names
        endpoint = network.PrivateEndpoint(
            name,
            private_endpoint_name=names.local(ResourceKind.ENDPOINT, name),
            custom_network_interface_name=names.local(ResourceKind.INTERFACE, f"{name}-endpoint"),
            resource_group_name=self.scope.group_name,
            location=self.scope.location,
            subnet=network.SubnetArgs(id=placement.subnet),
            ip_configurations=self._static_addresses(name, service, placement.addresses),
            private_link_service_connections=[
                network.PrivateLinkServiceConnectionArgs(
                    name=names.local(ResourceKind.ENDPOINT_CONNECTION, name),
                    private_link_service_id=target.id,
                    group_ids=[service.value],
                )
            ],
            tags=self.scope.tags,
            opts=self.child_opts(depends_on=[*placement.network_writes.last, *after]),
        )
        placement.network_writes.add(endpoint)
        self.scope.add_locked_child(target, endpoint)
        last: pulumi.Resource = endpoint
        if service.dns_zones:
            last = self._dns_zone_group(name, endpoint, service, placement)
            self.scope.add_locked_child(target, last)
        return last

    def _dns_zone_group(
        self, name: str, endpoint: network.PrivateEndpoint, service: PrivateService, placement: PrivateEndpointPlacement
    ) -> pulumi.Resource:
        group: pulumi.Resource = network.PrivateDnsZoneGroup(
            name,
            private_dns_zone_group_name="default",
            private_endpoint_name=endpoint.name,
            resource_group_name=self.scope.group_name,
            private_dns_zone_configs=[
                network.PrivateDnsZoneConfigArgs(
                    name=zone.replace(".", "-"), private_dns_zone_id=placement.dns.zone_id(zone)
                )
                for zone in service.dns_zones
            ],
            opts=self.child_opts(),
        )
        return group

    def _static_addresses(
        self, name: str, service: PrivateService, addresses: Sequence[IPv4Address]
    ) -> list[network.PrivateEndpointIPConfigurationArgs] | None:
        """Return the IP configurations with the addresses of the plan, which firewall and security rules name."""
        members = service.members(self.scope.location)
        if len(addresses) != len(members):
            raise ValueError(f"an endpoint for {service} has {len(members)} addresses of the plan")
        purposes = (name if number == 1 else f"{name}-{number}" for number in range(1, len(members) + 1))
        return [
            network.PrivateEndpointIPConfigurationArgs(
                name=self.scope.names.local(ResourceKind.IP_CONFIGURATION, purpose),
                group_id=service.value,
                member_name=member,
                private_ip_address=str(address),
            )
            for purpose, member, address in zip(purposes, members, addresses, strict=True)
        ] or None
