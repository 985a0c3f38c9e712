"""Azure Bastion: the features with which it moves more than the picture of a computer's screen.

Sources, learn.microsoft.com: "About Azure Bastion configuration settings" (copy and paste, native clients, connections
by address), "Transfer files to a VM using Bastion and a native client", "Working with NSG access and Azure Bastion".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from policies.azure_semantics import ids
from policies.azure_semantics.properties import entries
from policies.azure_semantics.terminal import is_terminal
from policies.azure_semantics.windows_desk import is_windows, redirects_nothing
from policies.model import Resource, Unknown
from policies.reachability.control_sets import ALWAYS, Control, ControlKind, ControlSets, all_of
from policies.reachability.topology import Subnet, Topology

SSH, RDP = 22, 3389
FEATURES = {
    "clipboard": ("disableCopyPaste", True),
    "tunnel": ("enableTunneling", False),
    "file copy": ("enableFileCopy", False),
    "connection by address": ("enableIpConnect", False),
}
"""The features that can move data, with the property and the value that disable each. If the property is missing, the
feature is off, except the clipboard. Shareable links and Kerberos are about sign-in and move no data."""


@dataclass(frozen=True, eq=False)
class Bastion:
    """One Bastion host."""

    id: str
    subnet: Subnet
    control_sets: dict[str, ControlSets]
    """By feature: the controls that must fail before it can be used."""


@dataclass(frozen=True, eq=False)
class SessionControls:
    """The controls of a computer's operating system on what its sessions carry."""

    ssh: ControlSets = ALWAYS
    """Those that must fail before SSH gives more than a terminal."""
    rdp: ControlSets = ALWAYS
    """Those that must fail before a remote desktop carries more than a screen and keys."""


class Bastions:
    """Every Bastion of an estate, and the controls on sessions of its computers."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology

    @cached_property
    def all(self) -> tuple[Bastion, ...]:
        """Every Bastion host."""
        hosts = self.topology.estate.of("network:BastionHost")
        read = (self.topology.read_or_open(host.urn, None, self._bastion, host) for host in hosts)
        return tuple(bastion for bastion in read if bastion)

    def _bastion(self, host: Resource) -> Bastion:
        id_ = ids.own(host)
        subnets = [ids.plain(host.at(f"{path}.subnet.id")) for path in entries(host, "ipConfigurations")]
        if len(subnets) != 1:
            raise Unknown("ipConfigurations")
        guardrail = self.topology.guardrails.of("bastion-carries-nothing", id_)
        return Bastion(id_, self.topology.subnets[subnets[0]], dict(self._settings(host, id_, guardrail)))

    def _settings(self, host: Resource, id_: str, guardrail: ControlSets) -> Iterator[tuple[str, ControlSets]]:
        for feature, (property_, off_value) in FEATURES.items():
            value = host.at(property_)
            is_off = value is off_value or (off_value is False and not value)
            description = f"{ids.name(id_)} has no {feature}"
            enabled = self.topology.registry.requiring_property(ControlKind.BASTION, id_, feature, description)
            yield feature, all_of(enabled, guardrail) if is_off else ALWAYS

    def session_controls(self, computer: Resource) -> SessionControls:
        """Return the controls that must fail before a session is more than a terminal, or than a screen."""
        name = f"{computer.stack}/{computer.name}"
        if is_windows(computer):
            if not redirects_nothing(computer, self.topology.estate):
                return SessionControls()
            return SessionControls(rdp=self._of_guest(computer, f"remote desktop of {name} redirects nothing"))
        if not is_terminal(computer):
            return SessionControls()
        return SessionControls(ssh=self._of_guest(computer, f"SSH to {name} gives a terminal and nothing else"))

    def _of_guest(self, computer: Resource, description: str) -> ControlSets:
        id_ = ids.plain(computer.id)
        return self.topology.registry.requiring(
            Control(ControlKind.SHELL, f"{id_ or computer.urn}#shell", description, id_)
        )
