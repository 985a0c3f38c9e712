"""The outputs of other stacks, as typed values. Every output that a stack reads of another is read here.

Each read is recorded, and `export_reads` makes the record an output of the reading stack. The gate needs it when
another stack removes or changes an output (docs/decisions/0009-outputs-are-part-of-a-plan.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

import pulumi

from formats.addresses import TenancyEndpoint, ZoneEndpoint, ZoneName, endpoint_addresses, zone_in
from formats.errors import InputError
from formats.property_paths import join
from formats.stack_reads import READS
from infra.components.nsg_rules import host_range
from infra.components.providers import provider_for
from infra.components.write_order import WriteOrder


class StackOutputs:
    """The outputs of another stack. A missing output raises `InputError` with the stack to bring up first."""

    def __init__(self, stack: str, key: str) -> None:
        """`key` is the configuration key that names the stack, for errors."""
        self.stack, self._key = stack, key
        self.read: set[str] = set()
        """The property paths of the outputs that were asked for."""
        full_name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
        self._outputs: pulumi.Output[Mapping[str, Any]] = pulumi.StackReference(full_name).outputs

    def text(self, *path: str) -> pulumi.Output[str]:
        """Return the text at a path in the outputs."""
        self.read.add(join(path))
        return self._outputs.apply(lambda outputs: str(self._find(outputs, path, str)))

    def texts(self, *path: str) -> pulumi.Output[list[str]]:
        """Return the list of texts at a path in the outputs."""
        self.read.add(join(path))
        return self._outputs.apply(lambda outputs: [str(one) for one in self._find(outputs, path, list)])

    def _find(self, outputs: Mapping[str, Any], path: tuple[str, ...], type_: type) -> Any:
        found: Any = outputs
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, type_) and found:
            return found
        if not outputs:
            problem, fix = "is not up yet", f"Bring it up first: sde up {self.stack}"
        else:
            problem = "has no such output"
            fix = (
                f"If sde preview {self.stack} adds it, then sde up {self.stack}. "
                "If not, its program does not export it: export it there, or do not read it here."
            )
        raise InputError(f"The stack {self.stack} {problem}.", key=self._key, found=f"no output {join(path)}", fix=fix)


def export_reads(*stacks: StackOutputs) -> None:
    """Export the paths of the outputs that this stack reads, by stack. Call it at the end of the program."""
    pulumi.export(READS, {stack.stack: sorted(stack.read) for stack in stacks})


class PlatformOutputs(StackOutputs):
    """The outputs of the cell's hub, which `infra.stacks.platform` exports."""

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
        self.log_workspace_id = self.text("log_workspace_id")
        self.flow_store_id = self.text("flow_store_id")
        self.flow_identity_id = self.text("flow_identity_id")
        self.flow_store_ready: tuple[pulumi.Resource, ...] = ()
        # The hub may be in another subscription than this stack; this provider creates resources there.
        self.provider: pulumi.ProviderResource | None = provider_for("hub", self.text("subscription"))
        self.network_writes = WriteOrder()
        """This stack's writes to the hub's network."""

    def zone_store_range(self, zone: ZoneName) -> pulumi.Output[str]:
        """Return the address of a zone's store in the plan, as a range."""
        return self.zone_range.apply(
            lambda text: host_range(zone_in(IPv4Network(text), zone).address(ZoneEndpoint.STORE))
        )

    def junction_store_ranges(self) -> pulumi.Output[list[str]]:
        """Return the addresses of the junction zone's store, and of the inbox in every slot, as ranges."""

        def ranges(text: str) -> list[str]:
            zone = zone_in(IPv4Network(text), ZoneName.JUNCTION)
            return [host_range(one) for one in (zone.address(ZoneEndpoint.STORE), *zone.inbox_addresses())]

        return self.zone_range.apply(ranges)

    def endpoint_ranges(self, endpoint: TenancyEndpoint) -> pulumi.Output[list[str]]:
        """Return the addresses of this endpoint in every tenancy slot of the cell, as ranges."""
        return self.tenancy_ranges.apply(
            lambda ranges: [
                host_range(address) for one in ranges for address in endpoint_addresses(IPv4Network(one), endpoint)
            ]
        )

    def zone_id(self, name: str) -> pulumi.Output[str]:
        """Return the id of a private DNS zone of the cell."""
        return self.text("dns_zones", name)


class SharedTenancyOutputs(StackOutputs):
    """The outputs of `infra.stacks.shared_tenancy`."""

    def __init__(self, stack: str) -> None:
        super().__init__(stack, "sde:shared_tenancy")
        self.group_name = self.text("group_name")
        self.network_id = self.text("network_id")
        self.network_name = self.text("network_name")


class ZoneOutputs:
    """The outputs of a zone of another stack."""

    def __init__(self, stack: StackOutputs, zone: str) -> None:
        self.group_id = stack.text("zones", zone, "group_id")
        self.mover = stack.text("zones", zone, "mover_principal_id")
        """The principal id of the zone's mover, which moves data into and out of it."""


class JunctionZoneOutputs(StackOutputs):
    """The outputs of `infra.stacks.junction_zone`."""

    def __init__(self, stack: str) -> None:
        super().__init__(stack, "sde:junction_zone")
        self.subscription = self.text("subscription")
        self.junction = ZoneOutputs(self, "junction")


class SafeHavenOutputs(StackOutputs):
    """The outputs of `infra.stacks.safe_haven`."""

    def __init__(self, stack: str) -> None:
        super().__init__(stack, "sde:safe_haven")
        self.staging = ZoneOutputs(self, "staging")
