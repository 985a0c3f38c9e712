"""The places of callers: the Internet, a virtual network, a connected site, or another organisation's network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address

from local_azure.data_plane.addresses import Peer
from local_azure.data_plane.networks import last_host
from local_azure.model import AzureError, Cloud, StoredResource
from local_azure.types.common import parent_id, same, value_at, values_at
from local_azure.types.subnet import SUBNET
from local_azure.types.vm_sizes import VM

LISTED = 20
"""The most names that an error lists."""


@dataclass(frozen=True)
class PublicAddress:
    """A computer on the Internet."""

    address: IPv4Address


@dataclass(frozen=True)
class InNetwork:
    """A computer in a virtual network."""

    subnet: StoredResource
    address: IPv4Address
    interface: StoredResource | None = None
    """Its network interface. None for a computer that is not declared."""
    machine: StoredResource | None = None


@dataclass(frozen=True)
class AtSite:
    """A computer of a network that a gateway connects."""

    address: IPv4Address


@dataclass(frozen=True)
class BehindEndpoint:
    """A computer in another organisation's network, which has a private endpoint to the service."""

    endpoint_id: str


Place = PublicAddress | InNetwork | AtSite | BehindEndpoint


def place_of(cloud: Cloud, text: str) -> Place:
    """Return the place with an address, the virtual machine or subnet (`NETWORK/SUBNET`) with a name, or the place
    behind another organisation's private endpoint with an id."""
    if "/privateendpoints/" in text.lower():
        return BehindEndpoint(text)
    try:
        address = IPv4Address(text)
    except ValueError:
        return subnet_place(cloud, text) if "/" in text else machine_place(cloud, text)
    return AtSite(address) if Peer(address).is_private else PublicAddress(address)


def machine_place(cloud: Cloud, name: str) -> InNetwork:
    """Return the place of a virtual machine, by name."""
    machine = only(cloud.of_type(VM), name, "virtual machine")
    interface = cloud.get(str(values_at(machine.properties, "networkProfile.networkInterfaces[*].id")[0]))
    assert interface is not None  # noqa: S101 - an interface in use cannot be deleted
    config = values_at(interface.properties, "ipConfigurations[*]")[0]
    subnet = cloud.get(str(value_at(config, "subnet.id")))
    assert subnet is not None  # noqa: S101 - nor a subnet in use
    return InNetwork(subnet, IPv4Address(str(config["privateIPAddress"])), interface, machine)


def subnet_place(cloud: Cloud, name: str) -> InNetwork:
    """Return the place of an undeclared computer in a subnet, by the names of its network and subnet."""
    network, _, subnet_name = name.partition("/")
    subnets = [one for one in cloud.of_type(SUBNET) if same(parent_id(one.id).rpartition("/")[2], network)]
    subnet = only(subnets, subnet_name, f"subnet of {network}")
    return InNetwork(subnet, last_host(subnet))


def only(resources: Iterable[StoredResource], name: str, kind: str) -> StoredResource:
    """Return the one resource with this name."""
    found = {one.name: one for one in resources}
    for known, resource in found.items():
        if same(known, name):
            return resource
    names = ", ".join(sorted(found)[:LISTED]) + (", …" if len(found) > LISTED else "") or "none"
    raise AzureError("ResourceNotFound", f"There is no {kind} {name}. There are: {names}.", status=404)
