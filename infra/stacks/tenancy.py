"""A tenancy: one project's trusted research environment, with a network of its own or subnets in a shared one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pulumi

from formats.addresses import REGISTRY_ENDPOINTS, TenancyEndpoint, TenancyRange
from formats.computers import DESK, DeskConfig, OperatingSystem
from formats.egress import SIGN_IN_ADDRESS
from formats.first_boot_settings import OUTPUT, setting_digests
from formats.stack_config import TenancyConfig
from infra.components.airlock import Airlock, AirlockArgs, AirlockRoles, Outbox, Stage
from infra.components.base_component import PrivateEndpointPlacement
from infra.components.blob_storage_account import BlobStorageAccount, BlobStorageAccountArgs
from infra.components.budget import add_budget
from infra.components.container_registry import ContainerRegistry, ContainerRegistryArgs
from infra.components.desk import Desk, DeskArgs
from infra.components.desk_encryption import disk_encryption, unencrypted_reason
from infra.components.grants import Principal
from infra.components.key_vault import KeyVault, KeyVaultArgs
from infra.components.nsg_rules import Direction, SecurityRule, host_range
from infra.components.policy_guardrails import PolicyGuardrails, PolicyGuardrailsArgs
from infra.components.project_subnets import ProjectSubnets, ProjectSubnetsArgs
from infra.components.resource_group_scope import ResourceGroupScope, ResourceGroupScopeArgs
from infra.components.spoke_network import SpokeNetwork, SpokeNetworkArgs
from infra.components.stack_outputs import PlatformOutputs, SafeHavenOutputs, SharedTenancyOutputs, export_reads
from infra.components.stack_subnets import StackSubnets
from infra.components.subnet import SubnetSpec
from infra.desk_first_boot import desk_first_boot
from infra.gpu_driver import gpu_driver
from infra.guardrails import SPOKE_GUARDRAILS
from infra.host_names import desk_lines
from infra.network_services import Port
from infra.roles import desk_operator
from infra.windows_first_boot import windows_first_boot

HTTPS, SSH, RDP = ((str(int(port)),) for port in (Port.HTTPS, Port.SSH, Port.RDP))
HTTP_AND_HTTPS = (str(int(Port.HTTP)), *HTTPS)
IN, OUT = Direction.IN, Direction.OUT
OUTBOX = f"export-{Stage.APPROVED.value}"
"""The store from which recipients fetch released results."""
DESK_ENDPOINTS = (
    TenancyEndpoint.KEYS, TenancyEndpoint.DATA, TenancyEndpoint.IMPORT_APPROVED, TenancyEndpoint.EXPORT_PENDING,
    *REGISTRY_ENDPOINTS,
)  # fmt: skip
"""The endpoints that desks reach: not those of the stores on which only staging and people have a role."""
STAFF_ENDPOINTS = (
    TenancyEndpoint.IMPORT_PENDING, TenancyEndpoint.IMPORT_APPROVED, TenancyEndpoint.EXPORT_PENDING,
    TenancyEndpoint.EXPORT_APPROVED,
)  # fmt: skip
"""The endpoints that staff reach through the firewall; the first is staging's too. The firewall's rules say who may."""


@dataclass(frozen=True)
class _Project:
    """A project's resource group, guardrails, network and key vault, and the methods that create the rest in them."""

    config: TenancyConfig
    scope: ResourceGroupScope
    guardrails: PolicyGuardrails
    network: StackSubnets
    keys: KeyVault

    def placement(self, *endpoints: TenancyEndpoint) -> PrivateEndpointPlacement:
        """Return the placement of a private endpoint at its addresses in the plan."""
        return _placement(self.network, self.config, *endpoints)

    def store(self) -> BlobStorageAccount:
        """Create the project's store."""
        args = BlobStorageAccountArgs(
            scope=self.scope,
            endpoint=self.placement(TenancyEndpoint.DATA),
            key=self.keys.encryption_key("data"),
            redundancy=self.config.redundancy,
            containers=["project"],
            tiers=self.config.tiers,
        )
        return BlobStorageAccount("data", args)

    def desks(self) -> dict[str, Desk]:
        """Create the desks, by name, and allow their users to sign in."""
        config, scope = self.config, self.scope
        hosts = desk_lines(scope.names, TenancyRange(config.addresses), _existing(DESK_ENDPOINTS, config))
        disks = disk_encryption(scope, self.keys, config.confidential_orchestrator)
        desks = {}
        for desk in config.desks:
            args = DeskArgs(
                scope=scope,
                network=self.network,
                allowed=_of_system(self.network.allowed("desks"), desk),
                config=desk,
                key=f"sde:desks.{desk.name}",
                disk_encryption=disks,
                shutdown=desk.shutdown,
                first_boot=_first_boot(desk, config, hosts),
            )
            desks[desk.name] = Desk(desk.logical_name, args)
        _grant_sign_in(config, desks)
        return desks

    def airlocks(self, staging: Principal, desks: Mapping[str, Desk]) -> list[Airlock]:
        """Create the airlock for exports, and before it that for imports if the tenancy has one."""
        stewards, checkers = (Principal.group(group) for group in (self.config.stewards, self.config.checkers))
        principals = {desk.name.removeprefix(DESK): desk.principal for desk in desks.values()}
        found = []
        if self.config.import_airlock:
            found.append(self._airlock("import", AirlockRoles({"": staging}, stewards, principals)))
        found.append(self._airlock("export", AirlockRoles(principals, checkers, {"": stewards}), self._outbox()))
        return found

    def _airlock(self, name: str, roles: AirlockRoles, outbox: Outbox | None = None) -> Airlock:
        args = AirlockArgs(
            scope=self.scope,
            roles=roles,
            endpoints={stage: self.placement(TenancyEndpoint(f"{name}-{stage.value}")) for stage in Stage},
            keys=self.keys,
            redundancy=self.config.redundancy,
            outbox=outbox,
        )
        return Airlock(name, args)

    def _outbox(self) -> Outbox | None:
        """Return the recipients that fetch released results from outside, if the request names any."""
        if self.config.recipients is None:
            return None
        access = self.guardrails.public_access(OUTBOX, "released results, for the recipients that the request names")
        return Outbox(Principal.group(self.config.recipients.group), access)

    def registry(self, desks: Mapping[str, Desk]) -> ContainerRegistry | None:
        """Create the registry of the project's images, if the request names one."""
        if not self.config.services.registry:
            return None
        endpoint, key = self.placement(*REGISTRY_ENDPOINTS), self.keys.encryption_key("registry")
        registry = ContainerRegistry("registry", ContainerRegistryArgs(scope=self.scope, endpoint=endpoint, key=key))
        for desk in desks.values():
            registry.grant_push(desk.name, desk.principal)
        return registry


def tenancy(config: TenancyConfig) -> None:
    """Declare a project's environment: network, key vault, store, desks, and the airlocks for imports and exports."""
    platform, safe_haven = PlatformOutputs(config.platform), SafeHavenOutputs(config.safe_haven)
    shared = SharedTenancyOutputs(config.shared_tenancy) if config.shared_tenancy else None
    scope_args = ResourceGroupScopeArgs(config=config, purpose="project", log_workspace_id=platform.log_workspace_id)
    with ResourceGroupScope("project", scope_args) as scope:
        guardrails_args = PolicyGuardrailsArgs(
            config=config,
            guardrails=SPOKE_GUARDRAILS,
            public_stores={OUTBOX: config.recipients.ranges} if config.recipients else {},
        )
        guardrails = PolicyGuardrails("guards", guardrails_args)
        add_budget(scope, config.budget, config.expires)
        network = _network(config, scope, platform, shared)
        keys_placement = _placement(network, config, TenancyEndpoint.KEYS)
        keys = KeyVault("keys", KeyVaultArgs(scope=scope, endpoint=keys_placement))
        guardrails.assign_to(scope, after=network.writes)
        project = _Project(config, scope, guardrails, network, keys)
        store = project.store()
        desks = project.desks()
        # Researchers may sign in but have no role on data: only the desks' identities read and write it, so an export
        # is submitted by a desk.
        for desk in desks.values():
            store.grant_read_write(desk.name, desk.principal)
        airlocks = project.airlocks(Principal.service(safe_haven.staging.mover), desks)
        # Last, so that the order of the other writes is the same with and without it.
        registry = project.registry(desks)

    for name, value in _outputs(project, store, desks, airlocks, registry).items():
        pulumi.export(name, value)
    export_reads(platform, safe_haven, *([shared] if shared else []))


def _outputs(
    project: _Project,
    store: BlobStorageAccount,
    desks: Mapping[str, Desk],
    airlocks: Sequence[Airlock],
    registry: ContainerRegistry | None,
) -> dict[str, Any]:
    config, network = project.config, project.network
    drivers = {desk.name: gpu_driver(desk.size, config.egress) for desk in config.desks}
    with_gpu = {name: driver for name, driver in drivers.items() if driver}
    return {
        "project": config.project,
        "expires": config.expires.isoformat(),
        "group_id": project.scope.group.id,
        **({"network_id": network.network_id} if isinstance(network, SpokeNetwork) else {}),
        "vault_name": project.keys.vault.name,
        "store_name": store.account.name,
        **{
            f"{airlock.name}_{stage.value}_store_name": stage_store.account.name
            for airlock in airlocks
            for stage, stage_store in airlock.stores.items()
        },
        "desk_names": {name: desk.virtual_machine.name for name, desk in desks.items()},
        "desk_ids": {name: desk.virtual_machine.id for name, desk in desks.items()},
        OUTPUT: {name: setting_digests(desk.first_boot) for name, desk in desks.items()},
        **({"gpu_drivers": with_gpu} if with_gpu else {}),
        **({"registry_name": registry.registry.name} if registry else {}),
    }


def _network(
    config: TenancyConfig, scope: ResourceGroupScope, platform: PlatformOutputs, shared: SharedTenancyOutputs | None
) -> StackSubnets:
    """Create the project's network, or its subnets in the network of its shared tenancy."""
    addresses = TenancyRange(config.addresses)
    space, subnets = addresses.network, _subnets(config, addresses, platform)
    if shared:
        is_readable = config.network_readers is not None
        shared_args = ProjectSubnetsArgs(
            scope=scope, network=shared, space=space, subnets=subnets, platform=platform, is_readable=is_readable
        )
        return ProjectSubnets("net", shared_args)
    reason = unencrypted_reason(config.data_class, [desk.size for desk in config.desks])
    network_args = SpokeNetworkArgs(
        scope=scope, space=space, subnets=subnets, platform=platform, unencrypted_reason=reason
    )
    return SpokeNetwork("net", network_args)


def _placement(network: StackSubnets, config: TenancyConfig, *endpoints: TenancyEndpoint) -> PrivateEndpointPlacement:
    addresses = TenancyRange(config.addresses)
    return network.endpoint_placement(*(addresses.address(endpoint) for endpoint in endpoints))


def _grant_sign_in(config: TenancyConfig, desks: Mapping[str, Desk]) -> None:
    """Allow each desk's users to sign in to it, and to start and stop it. A group of several desks may read the network
    once."""
    seeing: dict[UUID, Desk] = {}
    for desk_config in config.desks:
        group, desk = config.users_of(desk_config), desks[desk_config.name]
        desk.grant_sign_in("researchers", Principal.group(group))
        desk.grant_operate("researchers", desk_operator(config, config.platform), Principal.group(group))
        seeing.setdefault(group, desk)
    for group, desk in seeing.items():
        # Named by group and not by desk: when the first of its desks goes, Azure would refuse another assignment.
        of = "researchers" if group == config.researchers else f"users-{group}"
        desk.grant_see_network(f"{DESK}-{of}-see-network", Principal.group(group))


def _first_boot(desk: DeskConfig, config: TenancyConfig, hosts: Sequence[str]) -> str:
    """Return the custom data of a desk."""
    if desk.os is OperatingSystem.WINDOWS:
        return windows_first_boot(config.egress, hosts, config.root_certificates)
    return desk_first_boot(desk.size, config.egress, hosts, config.root_certificates)


def _of_system(rules: Sequence[SecurityRule], desk: DeskConfig) -> list[SecurityRule]:
    """Return the rules of the desks' subnet that a desk's own operating system needs."""
    other = RDP if desk.os is OperatingSystem.LINUX else SSH
    return [rule for rule in rules if rule.direction is OUT or rule.ports != other]


def _existing(endpoints: Sequence[TenancyEndpoint], config: TenancyConfig) -> list[TenancyEndpoint]:
    """Return the endpoints that the tenancy has."""
    return [endpoint for endpoint in endpoints if endpoint in config.endpoints]


def _subnets(config: TenancyConfig, addresses: TenancyRange, platform: PlatformOutputs) -> tuple[SubnetSpec, ...]:
    def hosts(endpoints: Sequence[TenancyEndpoint]) -> list[str]:
        return [host_range(addresses.address(endpoint)) for endpoint in _existing(endpoints, config)]

    desks, own = str(addresses.desks), hosts(DESK_ENDPOINTS)
    endpoint_rules = (
        SecurityRule("desks-in", IN, desks, own, HTTPS, "the desks"),
        SecurityRule("airlocks-in", IN, platform.firewall_range, hosts(STAFF_ENDPOINTS), HTTPS,
                     "extracts from staging, and staff of the airlocks, through the firewall"),
    )  # fmt: skip
    return (
        SubnetSpec("endpoints", addresses.endpoints, endpoint_rules),
        SubnetSpec("desks", addresses.desks, _desk_rules(desks, own, platform, config)),
    )


def _desk_rules(
    desks: str, endpoints: Sequence[str], platform: PlatformOutputs, config: TenancyConfig
) -> tuple[SecurityRule, ...]:
    """Return the rules of the desks' subnet. Each desk's interface has those for its operating system as well. None is
    for DNS: desks have the names that they need in a file."""
    systems = {desk.os for desk in config.desks}
    bastion = platform.bastion_range
    ssh = SecurityRule("bastion-in", IN, bastion, desks, SSH, "SSH through Bastion")
    rdp = SecurityRule("bastion-windows-in", IN, bastion, desks, RDP, "remote desktop through Bastion")
    return (
        *([ssh] if OperatingSystem.LINUX in systems else []),
        *([rdp] if OperatingSystem.WINDOWS in systems else []),
        SecurityRule("own-out", OUT, desks, endpoints, HTTPS, "the project's own vault and the stores that desks use"),
        SecurityRule("sign-in-out", OUT, desks, host_range(SIGN_IN_ADDRESS), HTTPS, "sign-in with Entra"),
        *(
            SecurityRule(f"{rule.name}-egress", OUT, desks, list(rule.destinations),
                         HTTP_AND_HTTPS if rule.plain_http else HTTPS, "an egress rule of the estate")
            for rule in config.egress
        ),
    )  # fmt: skip
