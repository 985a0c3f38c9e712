"""What one stack knows of another: its outputs, by name, as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

import pulumi

from infra.addresses import TenancySeat, ZoneName, ZoneSeat, seats_in, zone_in
from infra.components.flows import single
from infra.components.subscriptions import works_in
from infra.errors import BadInput


class Reference:
    """Another stack's outputs. One that is missing says which stack to bring up first."""

    def __init__(self, stack: str, key: str) -> None:
        self.stack, self._key = stack, key
        whole = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
        self._outputs: pulumi.Output[Mapping[str, Any]] = pulumi.StackReference(whole).outputs

    def text(self, *path: str) -> pulumi.Output[str]:
        """The output at that path."""
        return self._outputs.apply(lambda outputs: str(self._find(outputs, path)))

    def texts(self, *path: str) -> pulumi.Output[list[str]]:
        """The list of texts at that path."""
        return self._outputs.apply(lambda outputs: [str(one) for one in self._find(outputs, path, list)])

    def _find(self, outputs: Mapping[str, Any], path: tuple[str, ...], kind: type = str) -> Any:
        found: Any = outputs
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, kind) and found:
            return found
        empty = not outputs
        raise BadInput(
            f"The stack {self.stack} {'is not up yet' if empty else 'was brought up by an older version'}.",
            key=self._key,
            found=f"no output {'.'.join(path)}",
            fix=f"Bring it up first: sde up {self.stack}",
        )


class Platform(Reference):
    """The hub of the cell: `infra.stacks.platform` exports what stands here."""

    def __init__(self, stack: str) -> None:
        super().__init__(stack, "sde:platform")
        self.group_name = self.text("group_name")
        self.network_id = self.text("network_id")
        self.network_name = self.text("network_name")
        self.firewall_address = self.text("firewall_address")
        self.firewall_range = self.text("firewall_range")
        self.bastion_range = self.text("bastion_range")
        self.zone_range = self.text("zone_range")
        self.tenancy_ranges = self.texts("tenancy_ranges")
        self.bastion_id = self.text("bastion_id")
        self.logs = self.text("log_workspace_id")
        self.flow_store_id = self.text("flow_store_id")
        self.flow_identity_id = self.text("flow_identity_id")
        self.subscription = self.text("subscription")
        # The stack may live in another subscription than its hub; what it has in the hub's group is made there.
        self.provider = works_in("hub", self.subscription)
        self.writes: list[pulumi.Resource] = []
        """This stack's writes to the hub's network so far, of which Azure takes one at a time."""

    def store_of(self, zone: ZoneName) -> pulumi.Output[str]:
        """The address of a zone's store, as the plan has it for the zones of the cell."""
        return self.zone_range.apply(lambda text: single(zone_in(IPv4Network(text), zone).address(ZoneSeat.STORE)))

    def seats(self, seat: TenancySeat) -> pulumi.Output[list[str]]:
        """That endpoint's address in every tenancy that the cell has room for."""
        return self.tenancy_ranges.apply(
            lambda ranges: [single(address) for one in ranges for address in seats_in(IPv4Network(one), seat)]
        )

    def zone(self, name: str) -> pulumi.Output[str]:
        """The id of a private DNS zone of the cell."""
        return self.text("dns_zones", name)


class ZoneReference:
    """A zone of another stack."""

    def __init__(self, stack: Reference, zone: str) -> None:
        self.group_id = stack.text("zones", zone, "group_id")
        self.store_id = stack.text("zones", zone, "store_id")
        self.mover = stack.text("zones", zone, "mover_principal_id")
        """The principal of the identity that carries the zone's data on."""


class JunctionZone(Reference):
    """The entry: `infra.stacks.junction_zone`."""

    def __init__(self, stack: str) -> None:
        super().__init__(stack, "sde:junction_zone")
        self.subscription = self.text("subscription")
        self.junction = ZoneReference(self, "junction")


class SafeHaven(Reference):
    """The safe haven: `infra.stacks.safe_haven`."""

    def __init__(self, stack: str) -> None:
        super().__init__(stack, "sde:safe_haven")
        self.staging = ZoneReference(self, "staging")
