"""The private DNS zones of a cell. Each is linked to the hub only, whose firewall is the DNS server of all networks."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network, privatedns

from infra.components.base_component import BaseComponent, ComponentArgs
from infra.names import ResourceKind
from infra.network_services import CELL_DNS_ZONES


@dataclass(frozen=True, kw_only=True)
class PrivateDnsZonesArgs(ComponentArgs):
    """The arguments of `PrivateDnsZones`."""

    hub: network.VirtualNetwork
    """The network that the zones are linked to."""


class PrivateDnsZones(BaseComponent):
    """The private DNS zones. They have no lock: private endpoints of every stack create and delete records in them."""

    TYPE = "sde:infra:PrivateDnsZones"

    def __init__(self, name: str, args: PrivateDnsZonesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._links = {zone: self._zone(zone, args.hub) for zone in CELL_DNS_ZONES}
        self.register_outputs({})

    def _zone(self, name: str, hub: network.VirtualNetwork) -> privatedns.VirtualNetworkLink:
        """Create a zone and its link to the hub; return the link."""
        zone = privatedns.PrivateZone(
            name,
            private_zone_name=name,
            resource_group_name=self.scope.group_name,
            location="global",
            tags=self.scope.limited_tags,
            opts=self.child_opts(),
        )
        # One link per zone for any number of tenancies: the firewall resolves names in the hub, as every network's
        # DNS server.
        return privatedns.VirtualNetworkLink(
            name,
            virtual_network_link_name=self.scope.names.local(ResourceKind.DNS_LINK, "hub"),
            private_zone_name=zone.name,
            resource_group_name=self.scope.group_name,
            location="global",
            registration_enabled=False,
            # Azure's own services may have private endpoints elsewhere. Their names must resolve in public DNS, or the
            # firewall's deployment may fail (docs/azure-facts.md#private-dns-zones-of-a-firewalls-network). Names are
            # no control: routes and rules decide what can be reached.
            resolution_policy=privatedns.ResolutionPolicy.NX_DOMAIN_REDIRECT,
            virtual_network=privatedns.SubResourceArgs(id=hub.id),
            tags=self.scope.limited_tags,
            opts=self.child_opts(),
        )

    def zone_id(self, name: str) -> pulumi.Output[str]:
        """Return the id of a zone. It is derived from names, so it is known in a preview; a resource that uses it
        depends on the zone's link to the hub."""
        zone_id = f"{self.scope.group_id}/providers/Microsoft.Network/privateDnsZones/{name}"
        output: pulumi.Output[str] = self._links[name].urn.apply(lambda _: zone_id)
        return output
