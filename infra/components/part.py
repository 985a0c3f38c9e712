"""The base of everything that stands in a room, with the doors that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address
from typing import Any, Protocol

import pulumi
from pulumi_azure_native import monitor, network

from infra.components.grants import Principal, assign
from infra.components.room import Room
from infra.names import Kind
from infra.roles import PrivateService, Role


class Report(Enum):
    """What a type of resource reports: its group of resource logs, and its metrics, in Azure's own categories.

    Sources: learn.microsoft.com, "Supported logs" and "Supported metrics" of each type (July 2026). That a type knows
    the group allLogs: Azure's built-in policies "Enable logging by category group for … to Log Analytics" for
    firewalls (a4490248), Bastions (f8352124), vaults, security groups (baa4c6de), networks (3234ff41), public
    addresses (1513498c) and workspaces (818719e5); for blob services Azure Verified Modules, bicep-registry-modules
    issue 2101. Types that only count (interfaces, private endpoints, computers) have no resource log and are left out.
    """

    FIREWALL = ("allLogs", ("AllMetrics",), "Dedicated")
    GENERAL = ("allLogs", ("AllMetrics",), None)
    SECURITY_GROUP = ("allLogs", (), None)
    """Its page of metrics does not exist: it counts nothing but in its log."""
    ACCOUNT = (None, ("Transaction", "Capacity"), None)
    """A storage account itself only counts; its blob service writes the log."""
    BLOBS = ("allLogs", ("Transaction", "Capacity"), None)
    SCANS = ("ScanResults", (), None)
    """Malware scanning's results: the one type here that has a category and no group of them."""

    @property
    def log(self) -> monitor.DiagnosticsLogSettingsArgs | None:
        """The log that it writes, as a setting asks for it."""
        name = self.value[0]
        if name is None:
            return None
        if self is Report.SCANS:
            return monitor.DiagnosticsLogSettingsArgs(category=name, enabled=True)
        return monitor.DiagnosticsLogSettingsArgs(category_group=name, enabled=True)


class NameServer(Protocol):
    """Whoever knows the cell's private DNS zones."""

    def zone(self, name: str) -> pulumi.Input[str]:
        """The id of the zone of that name."""
        ...


@dataclass(frozen=True)
class Doorway:
    """Where a private endpoint stands, and who answers for its name."""

    subnet: pulumi.Input[str]
    dns: NameServer
    after: tuple[pulumi.Resource, ...]
    """The last writes to the network: Azure takes one at a time (AnotherOperationInProgress)."""
    address: IPv4Address | None
    """The address plan's seat for it. None: Azure chooses, for what has more addresses than one."""


class Part(pulumi.ComponentResource):
    """Something that stands in a room."""

    def __init__(self, name: str, room: Room, parent: pulumi.Resource | None = None) -> None:
        super().__init__(f"sde:infra:{type(self).__name__}", name, None, pulumi.ResourceOptions(parent=parent or room))
        self.room = room
        self.called = name

    def own(self, **options: Any) -> pulumi.ResourceOptions:
        """The options of something that belongs to this part."""
        return pulumi.ResourceOptions(parent=self, **options)

    def kept(self, **options: Any) -> pulumi.ResourceOptions:
        """The options of something that holds data or keys: the engines refuse to delete or replace it."""
        return self.own(protect=True, **options)

    def diagnose(
        self, name: str, target: pulumi.Input[str], report: Report, *, holder: pulumi.Resource | None = None,
    ) -> None:  # fmt: skip
        """Sends what a resource reports to the room's log sink."""
        _, metrics, destination = report.value
        setting = monitor.DiagnosticSetting(
            name,
            name=self.room.names.local(Kind.DIAGNOSTICS, name),
            resource_uri=target,
            workspace_id=self.room.logs,
            log_analytics_destination_type=destination,
            logs=[report.log] if report.log else None,
            metrics=[monitor.DiagnosticsMetricSettingsArgs(category=metric, enabled=True) for metric in metrics]
            or None,
            opts=self.own(),
        )
        if holder:
            self.room.inside(holder, setting)

    def grant(
        self, name: str, role: Role, to: Principal, on: pulumi.Input[str], *, holder: pulumi.Resource | None = None,
        subscription: pulumi.Input[object] | None = None, after: Sequence[pulumi.Resource] = (),
        condition: str | None = None,
    ) -> pulumi.Resource:  # fmt: skip
        """Grants a role on exactly one thing."""
        assignment = assign(name, role, to, on, subscription=subscription or self.room.config.subscription, parent=self,
                            after=after, condition=condition)  # fmt: skip
        if holder:
            self.room.inside(holder, assignment)
        return assignment

    def open_privately(
        self, name: str, target: pulumi.CustomResource, service: PrivateService, door: Doorway, *,
        after: Sequence[pulumi.Resource] = (),
    ) -> pulumi.Resource:  # fmt: skip
        """Gives a resource an address in the network, and its name there. Answers with the last thing made."""
        names = self.room.names
        endpoint = network.PrivateEndpoint(
            name,
            private_endpoint_name=names.local(Kind.ENDPOINT, name),
            custom_network_interface_name=names.local(Kind.INTERFACE, f"{name}-endpoint"),
            resource_group_name=self.room.group_name,
            location=self.room.location,
            subnet=network.SubnetArgs(id=door.subnet),
            ip_configurations=_fixed(names.local(Kind.IP_CONFIGURATION, name), service, door.address),
            private_link_service_connections=[
                network.PrivateLinkServiceConnectionArgs(
                    name=names.local(Kind.ENDPOINT_CONNECTION, name),
                    private_link_service_id=target.id,
                    group_ids=[service.value],
                )
            ],
            tags=self.room.tags,
            opts=self.own(depends_on=[*door.after, *after]),
        )
        group: pulumi.Resource = network.PrivateDnsZoneGroup(
            name,
            private_dns_zone_group_name="default",
            private_endpoint_name=endpoint.name,
            resource_group_name=self.room.group_name,
            private_dns_zone_configs=[
                network.PrivateDnsZoneConfigArgs(name=zone.replace(".", "-"), private_dns_zone_id=door.dns.zone(zone))
                for zone in service.zones
            ],
            opts=self.own(),
        )
        for thing in (endpoint, group):
            self.room.inside(target, thing)
        return group


def _fixed(
    name: str, service: PrivateService, address: IPv4Address | None
) -> list[network.PrivateEndpointIPConfigurationArgs] | None:
    """The address that an endpoint is to have. Rules name it, so it must not be whichever was free."""
    if (address is None) is not (service.member is None):
        raise ValueError(f"an endpoint for {service} {'has no one address' if address else 'needs an address'}")
    if address is None:
        return None
    return [
        network.PrivateEndpointIPConfigurationArgs(
            name=name, group_id=service.value, member_name=service.member, private_ip_address=str(address)
        )
    ]
