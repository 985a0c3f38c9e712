"""Screens: Bastion, by which people look at a computer, and what it may carry besides the picture.

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
from policies.model import Resource
from policies.reachability.control_sets import ALWAYS, Control, ControlKind, ControlSets, all_of
from policies.reachability.topology import Subnet, Topology

SSH, RDP = 22, 3389
SETTINGS = {
    "clipboard": ("disableCopyPaste", True),
    "tunnel": ("enableTunneling", False),
    "file copy": ("enableFileCopy", False),
    "connection by address": ("enableIpConnect", False),
}
"""What a Bastion may carry, and the property with the value by which it does not. Missing means not, but for the
clipboard. Links to share and Kerberos let people in, who must sign in as everybody does; they carry nothing."""


@dataclass(frozen=True, eq=False)
class Bastion:
    """A Bastion."""

    id: str
    subnet: Subnet
    control_sets: dict[str, ControlSets]
    """What must fail before it carries each of these."""


class Bastions:
    """Every Bastion of an estate, and what the shells of its computers let through."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology

    @cached_property
    def all(self) -> tuple[Bastion, ...]:
        """Every Bastion."""
        found = self.topology.estate.of("network:BastionHost")
        return tuple(s for r in found if (s := self.topology.read_or_open(r.urn, None, self._screen, r)))

    def _screen(self, host: Resource) -> Bastion:
        id_ = ids.own(host)
        (subnet_id,) = [ids.plain(host.at(f"{path}.subnet.id")) for path in entries(host, "ipConfigurations")]
        guarded = self.topology.guardrails.of("bastion-carries-nothing", id_)
        return Bastion(id_, self.topology.subnets[subnet_id], dict(self._settings(host, id_, guarded)))

    def _settings(self, host: Resource, id_: str, guarded: ControlSets) -> Iterator[tuple[str, ControlSets]]:
        for what, (property_, shut) in SETTINGS.items():
            found = host.at(property_)
            closed = found is shut or (shut is False and not found)
            control = Control(ControlKind.BASTION, f"{id_}#{what}", f"{ids.name(id_)} has no {what}", id_)
            yield what, all_of(self.topology.registry.requiring(control), guarded) if closed else ALWAYS

    def shell(self, computer: Resource) -> ControlSets:
        """What must fail before a session by SSH is more than a terminal."""
        if not is_terminal(computer):
            return ALWAYS
        id_ = ids.plain(computer.id)
        description = f"SSH to {computer.stack}/{computer.name} gives a terminal and nothing else"
        return self.topology.registry.requiring(
            Control(ControlKind.SHELL, f"{id_ or computer.urn}#shell", description, id_)
        )
