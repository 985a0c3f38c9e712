"""Sessions on a virtual machine through Bastion, with an Entra sign-in: SSH, or remote desktop on Windows.

Facts: docs/azure-facts.md#sign-in-through-bastion, #sign-in-of-windows-desks, #logins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_azure.data_plane.addresses import PUBLIC_ADDRESS, Peer
from local_azure.data_plane.answers import Answer, Attempt, Control, answer
from local_azure.data_plane.callers import Caller
from local_azure.data_plane.conditions import Attributes
from local_azure.data_plane.networks import is_near, last_host, network_of
from local_azure.data_plane.paths import Target, deliver, require_power
from local_azure.data_plane.places import AtSite, BehindEndpoint, InNetwork, Place, machine_place
from local_azure.data_plane.reach import RIGHTS_CHECK, SIGN_IN, reach_entra
from local_azure.data_plane.rights import find_right
from local_azure.data_plane.roles import LOGIN
from local_azure.data_plane.security_groups import INBOUND, Connection, check
from local_azure.model import Cloud, StoredResource
from local_azure.types.bastion import HOST
from local_azure.types.common import value_at
from local_azure.types.compute_extension import EXTENSION
from local_azure.types.vm_system import is_windows

SSH, RDP = 22, 3389
ENTRA_PUBLISHER = "Microsoft.Azure.ActiveDirectory"
"""The publisher of the extensions for sign-in with Entra."""


def ssh(cloud: Cloud, caller: Caller, place: Place, machine_name: str) -> Answer:
    """Return whether a person can open an SSH session on a virtual machine from a browser at a place."""
    return _session(cloud, caller, place, machine_name, SSH)


def rdp(cloud: Cloud, caller: Caller, place: Place, machine_name: str) -> Answer:
    """Return whether a person can open a remote desktop on a virtual machine from a browser at a place."""
    return _session(cloud, caller, place, machine_name, RDP)


def _session(cloud: Cloud, caller: Caller, place: Place, machine_name: str, port: int) -> Answer:

    def act(attempt: Attempt) -> tuple[int, Mapping[str, Any]]:
        target = machine_place(cloud, machine_name)
        assert target.machine is not None and target.interface is not None  # noqa: S101 - of a machine's place
        bastion, subnet = _bastion(attempt, target)
        _reach_bastion(attempt, place, subnet)
        _require_sight(attempt, caller, bastion.id, "Microsoft.Network/bastionHosts")
        _require_sight(attempt, caller, target.machine.id, "Microsoft.Compute/virtualMachines")
        _require_sight(attempt, caller, target.interface.id, "Microsoft.Network/networkInterfaces")
        network = network_of(cloud, target.subnet)
        if network.id != network_of(cloud, subnet).id:
            _require_sight(attempt, caller, network.id, "Microsoft.Network/virtualNetworks")
        require_power(attempt, target.machine)
        door = Target(Peer(target.address), target.subnet, target.interface, port=port)
        deliver(attempt, InNetwork(subnet, last_host(subnet)), door)
        for host in (SIGN_IN, RIGHTS_CHECK):
            reach_entra(attempt, target, host)
        _log_in(attempt, caller, target.machine, port)
        return 200, {"machine": target.machine.name}

    return answer(cloud, act)


def _bastion(attempt: Attempt, target: InNetwork) -> tuple[StoredResource, StoredResource]:
    """Return the Bastion of the machine's network or of one peered with it, and its subnet."""
    cloud = attempt.cloud
    for host in cloud.of_type(HOST):
        subnet = cloud.get(str(value_at(host.properties, "ipConfigurations[*].subnet.id", "")))
        if subnet and is_near(cloud, network_of(cloud, target.subnet), network_of(cloud, subnet)):
            return host, subnet
    attempt.refuse(Control.ROUTE, f"no Bastion is in the network of {target.subnet.name} or one peered with it", 404,
                   "ResourceNotFound", "There is no Bastion for this virtual machine.")  # fmt: skip


def _reach_bastion(attempt: Attempt, place: Place, subnet: StoredResource) -> None:
    if isinstance(place, AtSite | BehindEndpoint):
        attempt.drop(Control.SITE, "it does not lead to the public address of Bastion")
    source = Peer(place.address)
    if isinstance(place, InNetwork):
        source = deliver(attempt, place, Target(Peer(PUBLIC_ADDRESS)))
    check(attempt, subnet, None, INBOUND, Connection(source, Peer(PUBLIC_ADDRESS)))


def _require_sight(attempt: Attempt, caller: Caller, id_: str, type_: str) -> None:
    found, reason = find_right(attempt.cloud, caller, id_, Attributes(f"{type_}/read"))
    if not found:
        attempt.refuse(Control.ROLES, f"{reason} on {id_}", 403, "AuthorizationFailed",
                       f"The client does not have authorization to perform action '{type_}/read' over scope "
                       f"'{id_}'.")  # fmt: skip
    attempt.passed(Control.ROLES, reason)


def _log_in(attempt: Attempt, caller: Caller, machine: StoredResource, port: int) -> None:
    """Require the extension for sign-in with Entra, which is for the system of the machine, and a login role."""
    found, reason = find_right(attempt.cloud, caller, machine.id, Attributes(LOGIN), is_data=True)
    extensions = attempt.cloud.children(machine.id, EXTENSION)
    of_entra = any(one.properties.get("publisher") == ENTRA_PUBLISHER for one in extensions)
    if not of_entra or is_windows(machine.properties) != (port == RDP):
        found, reason = False, f"{machine.name} has no extension for this sign-in with Entra"
    if not found:
        answered = (
            "Permission denied (publickey)."
            if port == SSH
            else "Your account is configured to prevent you from using this device."
        )
        attempt.refuse(Control.SIGN_IN, reason, 0, "PermissionDenied", answered)
    attempt.passed(Control.SIGN_IN, reason)
