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


class Bastions:
    """Every Bastion of an estate, and the controls on SSH to its computers."""

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

    def ssh_controls(self, computer: Resource) -> ControlSets:
        """Return the controls that must fail before an SSH session is more than a terminal."""
        if not is_terminal(computer):
            return ALWAYS
        id_ = ids.plain(computer.id)
        description = f"SSH to {computer.stack}/{computer.name} gives a terminal and nothing else"
        return self.topology.registry.requiring(
            Control(ControlKind.SHELL, f"{id_ or computer.urn}#shell", description, id_)
        )
