"""A zone: one of the five stages that data passes on its way from a provider to the archive."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import managedidentity

from infra.addresses import STAGE_BEFORE, TenancySeat, ZoneName, ZoneRange, ZoneSeat
from infra.components.flows import Flow, Way, single
from infra.components.grants import Principal
from infra.components.key_vault import KeyVault
from infra.components.part import Part
from infra.components.references import Platform, ZoneReference
from infra.components.room import Room
from infra.components.sealed_network import SealedNetwork
from infra.components.store import Store
from infra.components.virtual_network import SubnetPlan
from infra.config import ZoneConfig
from infra.names import Kind
from infra.roles import Port, Role

HTTPS, DNS = (str(int(Port.HTTPS)),), (str(int(Port.DNS)),)


class Zone(Part):
    """A zone's own network, vault, store and mover: the identity that fetches its data from the stage before.

    Data is fetched, never pushed: a zone's mover may write here and read the one stage before, so that nothing can
    skip a stage. What a zone hands to tenancies, staging alone, it pushes; no tenancy reads any zone.
    """

    def __init__(
        self, name: ZoneName, room: Room, config: ZoneConfig, platform: Platform, *, containers: Sequence[str],
        receives: bool = False, hands_over: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(name.value, room)
        self.config = config
        plan = ZoneRange(config.addresses)
        subnets = _subnets(plan, platform, STAGE_BEFORE.get(name), hands_over=hands_over)
        self.network = SealedNetwork(name, room, plan.whole, subnets, platform=platform, parent=self)
        self.keys = KeyVault(f"{name}-keys", room, self.network.door(plan.address(ZoneSeat.KEYS)), parent=self)
        self.mover = managedidentity.UserAssignedIdentity(
            f"{name}-mover",
            resource_name_=room.names.local(Kind.IDENTITY, f"{name}-mover"),
            resource_group_name=room.group_name,
            location=room.location,
            tags=room.tags,
            opts=self.own(),
        )
        self.store = Store(
            name, room, self.network.door(plan.address(ZoneSeat.STORE)), self.keys.encrypts("store"),
            redundancy=config.redundancy, containers=containers, tiers=config.tiers,
            immutable_days=config.immutable_days, receives=receives, parent=self,
        )  # fmt: skip
        self.store.grant_read_write("mover", self.moves)
        self._admit_stewards()
        self.register_outputs({"store": self.store.account.id})

    @property
    def moves(self) -> Principal:
        """The zone's mover, as somebody who can be granted something."""
        return Principal.service(self.mover.principal_id)

    def _admit_stewards(self) -> None:
        """Stewards look after what the zone holds; what nobody may change, they read."""
        stewards = Principal.group(self.config.stewards)
        if self.config.immutable_days:
            self.store.grant_read("stewards", stewards)
        else:
            self.store.grant_read_write("stewards", stewards)

    def grant_read(self, other: Zone) -> None:
        """Lets the mover of the next zone fetch what this one holds."""
        self.store.grant_read(other.called, other.moves)

    def fetch_from(self, source: ZoneReference, noun: str, *, subscription: pulumi.Input[str]) -> None:
        """Lets this zone's mover fetch from a zone of another stack.

        Granted on that zone's resource group, which holds that one store: on the store itself its lock would forbid
        this stack to take the grant away again.
        """
        self.grant(f"{self.called}-fetches-from-{noun}", Role.BLOB_READER, self.moves, source.group_id,
                   subscription=subscription)  # fmt: skip

    def outputs(self) -> dict[str, pulumi.Input[str]]:
        """What other stacks and people need to know of the zone."""
        return {
            "group_id": self.room.group.id,
            "store_id": self.store.account.id,
            "store_name": self.store.account.name,
            "vault_name": self.keys.vault.name,
            "network_id": self.network.virtual.network.id,
            "mover_client_id": self.mover.client_id,
            "mover_principal_id": self.mover.principal_id,
        }


def _subnets(
    plan: ZoneRange, platform: Platform, before: ZoneName | None, *, hands_over: bool
) -> tuple[SubnetPlan, ...]:
    compute, store, keys = str(plan.compute), single(plan.address(ZoneSeat.STORE)), single(plan.address(ZoneSeat.KEYS))
    works = [
        Flow("own-out", Way.OUT, compute, [store, keys], HTTPS, "the zone's own store and vault"),
        Flow("names-out", Way.OUT, compute, platform.firewall_address, DNS, "the firewall answers for names", "*"),
    ]
    if before:
        source = platform.store_of(before)
        works.append(Flow("before-out", Way.OUT, compute, source, HTTPS, "the store of the stage before"))
    if hands_over:
        # Every tenancy's that the plan has room for: the safe haven does not change with each of them.
        works.append(Flow("tenancies-out", Way.OUT, compute, "", HTTPS, "extracts, to where tenancies take them in",
                          destinations=platform.seats(TenancySeat.IMPORT_ASKED)))  # fmt: skip
    served = (
        Flow("compute-in", Way.IN, compute, [store, keys], HTTPS, "what works on the zone's data"),
        Flow("firewall-in", Way.IN, platform.firewall_range, store, HTTPS, "the next stage, through the firewall"),
    )
    return (SubnetPlan("endpoints", plan.endpoints, served), SubnetPlan("compute", plan.compute, tuple(works)))
