"""Azure Bastion: what it may carry besides the picture of a computer's screen.

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
SETTINGS = {
    "clipboard": ("disableCopyPaste", True),
    "tunnel": ("enableTunneling", False),
    "file copy": ("enableFileCopy", False),
    "connection by address": ("enableIpConnect", False),
}
"""What a Bastion may carry, with the property and the value that turn it off. A missing property means off, apart from
the clipboard. Shareable links and Kerberos carry nothing: people sign in all the same."""


@dataclass(frozen=True, eq=False)
class Bastion:
    """One Bastion host."""

    id: str
    subnet: Subnet
    control_sets: dict[str, ControlSets]
    """The controls that must fail before it carries each of `SETTINGS`."""


class Bastions:
    """Every Bastion of an estate, and what SSH to its computers gives."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology

    @cached_property
    def all(self) -> tuple[Bastion, ...]:
        """Every Bastion host."""
        found = self.topology.estate.of("network:BastionHost")
        return tuple(s for r in found if (s := self.topology.read_or_open(r.urn, None, self._screen, r)))

    def _screen(self, host: Resource) -> Bastion:
        id_ = ids.own(host)
        subnets = [ids.plain(host.at(f"{path}.subnet.id")) for path in entries(host, "ipConfigurations")]
        if len(subnets) != 1:
            raise Unknown("ipConfigurations")
        guarded = self.topology.guardrails.of("bastion-carries-nothing", id_)
        return Bastion(id_, self.topology.subnets[subnets[0]], dict(self._settings(host, id_, guarded)))

    def _settings(self, host: Resource, id_: str, guarded: ControlSets) -> Iterator[tuple[str, ControlSets]]:
        for what, (property_, shut) in SETTINGS.items():
            found = host.at(property_)
            closed = found is shut or (shut is False and not found)
            control = Control(ControlKind.BASTION, f"{id_}#{what}", f"{ids.name(id_)} has no {what}", id_)
            yield what, all_of(self.topology.registry.requiring(control), guarded) if closed else ALWAYS

    def shell(self, computer: Resource) -> ControlSets:
        """Return the controls that must fail before an SSH session is more than a terminal."""
        if not is_terminal(computer):
            return ALWAYS
        id_ = ids.plain(computer.id)
        description = f"SSH to {computer.stack}/{computer.name} gives a terminal and nothing else"
        return self.topology.registry.requiring(
            Control(ControlKind.SHELL, f"{id_ or computer.urn}#shell", description, id_)
        )
