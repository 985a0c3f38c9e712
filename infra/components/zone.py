"""A zone: one of the five stages through which data passes from a provider to the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from formats.addresses import SOURCE_ZONE, TenancyEndpoint, ZoneEndpoint, ZoneName, ZoneRange
from formats.stack_config import ZoneConfig
from infra.components.base_component import BaseComponent, ComponentArgs
from infra.components.blob_storage_account import BlobStorageAccount, BlobStorageAccountArgs
from infra.components.grants import Principal
from infra.components.key_vault import KeyVault, KeyVaultArgs
from infra.components.nsg_rules import Direction, SecurityRule, host_range
from infra.components.spoke_network import SpokeNetwork, SpokeNetworkArgs
from infra.components.stack_outputs import PlatformOutputs, ZoneOutputs
from infra.components.subnet import SubnetSpec
from infra.network_services import Port
from infra.roles import Role

HTTPS, DNS = (str(int(Port.HTTPS)),), (str(int(Port.DNS)),)
IN, OUT = Direction.IN, Direction.OUT


@dataclass(frozen=True, kw_only=True)
class ZoneArgs(ComponentArgs):
    """The arguments of `Zone`."""

    zone: ZoneName
    config: ZoneConfig
    """The configuration of the zone."""
    platform: PlatformOutputs
    """The hub of the cell."""
    containers: Sequence[str]
    """The names of the store's containers, at least one."""
    scan_uploads: bool = False
    """Scan each upload for malware: for the zone that providers write to."""
    sends_to_tenancies: bool = False
    """Allow traffic to the pending imports of tenancies: for staging."""
    inboxes: bool = False
    """Create the subnet of providers' inboxes: for the junction zone."""


class Zone(BaseComponent):
    """A zone's network, key vault, store and mover: the managed identity that fetches data from the source zone.

    Data is fetched, never pushed: a mover may write to its own zone and read one source zone, so that no stage can be
    skipped. The exception is staging, which pushes extracts to tenancies, because no tenancy may read a zone.
    """

    TYPE = "sde:infra:Zone"

    def __init__(self, name: str, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope, config = args.scope, args.config
        self.config = config
        addresses = ZoneRange(config.addresses)
        network_args = SpokeNetworkArgs(
            scope=scope, space=addresses.network, subnets=_subnets(addresses, args), platform=args.platform
        )
        self.network = SpokeNetwork(name, network_args, self.child_opts())
        keys_placement = self.network.endpoint_placement(addresses.address(ZoneEndpoint.KEYS))
        self.keys = KeyVault(f"{name}-keys", KeyVaultArgs(scope=scope, endpoint=keys_placement), self.child_opts())
        self.mover = self.new_identity(f"{name}-mover")
        store_args = BlobStorageAccountArgs(
            scope=scope,
            endpoint=self.network.endpoint_placement(addresses.address(ZoneEndpoint.STORE)),
            key=self.keys.encryption_key("store"),
            redundancy=config.redundancy,
            containers=args.containers,
            tiers=config.tiers,
            immutable_days=config.immutable_days,
            scan_uploads=args.scan_uploads,
        )
        self.store = BlobStorageAccount(name, store_args, self.child_opts())
        self.grant_own_access(self.store)
        self.register_outputs({"store": self.store.account.id})

    @property
    def mover_principal(self) -> Principal:
        """The mover as a principal for role assignments."""
        return Principal.service(self.mover.principal_id)

    def grant_own_access(self, store: BlobStorageAccount) -> None:
        """Allow the mover to read and write a store of the zone, and stewards too, who only read immutable data."""
        store.grant_read_write("mover", self.mover_principal)
        stewards = Principal.group(self.config.stewards)
        if self.config.immutable_days:
            store.grant_read("stewards", stewards)
        else:
            store.grant_read_write("stewards", stewards)

    def grant_read(self, other: Zone) -> None:
        """Allow the mover of another zone of this stack to read this zone's store."""
        self.store.grant_read(other.name, other.mover_principal)

    def fetch_from(self, source: ZoneOutputs, source_name: str, *, subscription: pulumi.Input[str]) -> None:
        """Allow this zone's mover to read a zone of another stack, which is in that subscription.

        The role is assigned on the zone's resource group, which contains that one store: on the store itself, its lock
        would forbid this stack to remove the assignment.
        """
        self.grant(f"{self.name}-fetches-from-{source_name}", Role.BLOB_READER, self.mover_principal, source.group_id,
                   subscription=subscription)  # fmt: skip

    def outputs(self) -> dict[str, pulumi.Input[str]]:
        """Return the outputs that other stacks and people use."""
        return {
            "group_id": self.scope.group.id,
            "store_id": self.store.account.id,
            "store_name": self.store.account.name,
            "vault_name": self.keys.vault.name,
            "network_id": self.network.virtual_network.network.id,
            "mover_client_id": self.mover.client_id,
            "mover_principal_id": self.mover.principal_id,
        }


def _subnets(addresses: ZoneRange, args: ZoneArgs) -> tuple[SubnetSpec, ...]:
    compute, platform = str(addresses.compute), args.platform
    store, keys = (host_range(addresses.address(endpoint)) for endpoint in (ZoneEndpoint.STORE, ZoneEndpoint.KEYS))
    # Every slot of the plan, so that a new provider changes no rule.
    inboxes = [host_range(address) for address in addresses.inbox_addresses()] if args.inboxes else []
    compute_rules = [
        SecurityRule("own-out", OUT, compute, [store, keys, *inboxes], HTTPS, "the zone's own stores and vault"),
        SecurityRule("names-out", OUT, compute, platform.firewall_address, DNS, "DNS by the firewall", "*"),
    ]
    source_zone = SOURCE_ZONE.get(args.zone)
    if source_zone:
        compute_rules.append(_rule_to_source(compute, source_zone, platform))
    if args.sends_to_tenancies:
        # Every slot of the plan, so that a new tenancy does not change the safe haven.
        imports = platform.endpoint_ranges(TenancyEndpoint.IMPORT_PENDING)
        compute_rules.append(
            SecurityRule("tenancies-out", OUT, compute, None, HTTPS, "extracts to pending imports of tenancies",
                         destination_ranges=imports)
        )  # fmt: skip
    firewall = platform.firewall_range
    endpoint_rules = (
        SecurityRule("compute-in", IN, compute, [store, keys], HTTPS, "the zone's compute resources"),
        SecurityRule("firewall-in", IN, firewall, store, HTTPS, "the next zone, through the firewall"),
    )
    inbox_rules = (
        SecurityRule("compute-in", IN, compute, inboxes, HTTPS, "the zone's compute resources"),
        SecurityRule("firewall-in", IN, firewall, inboxes, HTTPS, "landing, through the firewall"),
    )
    return (
        SubnetSpec("endpoints", addresses.endpoints, endpoint_rules),
        *([SubnetSpec("inboxes", addresses.inboxes, inbox_rules)] if args.inboxes else []),
        SubnetSpec("compute", addresses.compute, tuple(compute_rules)),
    )


def _rule_to_source(compute: str, source: ZoneName, platform: PlatformOutputs) -> SecurityRule:
    """Return the rule to the stores of the source zone: for landing, to every inbox too."""
    words = "the stores of the source zone"
    if source is ZoneName.JUNCTION:
        return SecurityRule("before-out", OUT, compute, None, HTTPS, words,
                            destination_ranges=platform.junction_store_ranges())  # fmt: skip
    return SecurityRule("before-out", OUT, compute, platform.zone_store_range(source), HTTPS, words)
