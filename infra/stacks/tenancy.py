"""A tenancy: one project's trusted research environment, with a network of its own or subnets in a shared one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import pulumi

from formats.addresses import REGISTRY_ENDPOINTS, TenancyEndpoint, TenancyRange
from formats.computers import DESK, DeskConfig
from formats.egress import SIGN_IN_ADDRESS, EgressRule
from formats.first_boot_settings import OUTPUT, setting_digests
from formats.stack_config import TenancyConfig
from infra.components.airlock import Airlock, AirlockArgs, AirlockRoles, Outbox, Stage
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
from infra.components.subnet import SubnetSpec
from infra.desk_first_boot import desk_first_boot
from infra.gpu_driver import gpu_driver
from infra.guardrails import SPOKE_GUARDRAILS
from infra.host_names import desk_lines
from infra.network_services import Port
from infra.roles import desk_operator

HTTPS, SSH = ((str(int(port)),) for port in (Port.HTTPS, Port.SSH))
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


def tenancy(config: TenancyConfig) -> None:
    """Declare a project's environment: spoke network, key vault, store, desk, and the import and export airlocks."""
    platform, safe_haven = PlatformOutputs(config.platform), SafeHavenOutputs(config.safe_haven)
    shared = SharedTenancyOutputs(config.shared_tenancy) if config.shared_tenancy else None
    stewards, checkers = (Principal.group(group) for group in (config.stewards, config.checkers))
    scope_args = ResourceGroupScopeArgs(config=config, purpose="project", log_workspace_id=platform.log_workspace_id)
    with ResourceGroupScope("project", scope_args) as scope:
        guardrails_args = PolicyGuardrailsArgs(
            config=config,
            guardrails=SPOKE_GUARDRAILS,
            public_stores={OUTBOX: config.recipients.ranges} if config.recipients else {},
        )
        guardrails = PolicyGuardrails("guards", guardrails_args)
        add_budget(scope, config.budget, config.expires)
        addresses = TenancyRange(config.addresses)
        subnets = _subnets(config, addresses, platform)
        if shared:
            shared_args = ProjectSubnetsArgs(
                scope=scope, network=shared, space=addresses.network, subnets=subnets, platform=platform,
                is_readable=config.network_readers is not None,
            )  # fmt: skip
            network: SpokeNetwork | ProjectSubnets = ProjectSubnets("net", shared_args)
        else:
            network_args = SpokeNetworkArgs(
                scope=scope,
                space=addresses.network,
                subnets=subnets,
                platform=platform,
                unencrypted_reason=unencrypted_reason(config.data_class, [desk.size for desk in config.desks]),
            )
            network = SpokeNetwork("net", network_args)
        keys_placement = network.endpoint_placement(addresses.address(TenancyEndpoint.KEYS))
        keys = KeyVault("keys", KeyVaultArgs(scope=scope, endpoint=keys_placement))
        guardrails.assign_to(scope, after=network.writes)
        store_args = BlobStorageAccountArgs(
            scope=scope,
            endpoint=network.endpoint_placement(addresses.address(TenancyEndpoint.DATA)),
            key=keys.encryption_key("data"),
            redundancy=config.redundancy,
            containers=["project"],
            tiers=config.tiers,
        )
        store = BlobStorageAccount("data", store_args)
        hosts = desk_lines(scope.names, addresses, _existing(DESK_ENDPOINTS, config))
        disks = disk_encryption(scope, keys, config.confidential_orchestrator)

        def new_desk(desk: DeskConfig) -> Desk:
            desk_args = DeskArgs(
                scope=scope,
                network=network,
                allowed=network.allowed("desks"),
                config=desk,
                key=f"sde:desks.{desk.name}",
                disk_encryption=disks,
                shutdown=desk.shutdown,
                first_boot=desk_first_boot(desk.size, config.egress, hosts, config.root_certificates),
            )
            return Desk(desk.logical_name, desk_args)

        desks = {desk.name: new_desk(desk) for desk in config.desks}
        _grant_sign_in(config, desks)
        # Researchers may sign in but have no role on data: only the desks' identities read and write it, so an export
        # is submitted by a desk.
        for desk in desks.values():
            store.grant_read_write(desk.name, desk.principal)
        principals = {desk.name.removeprefix(DESK): desk.principal for desk in desks.values()}

        def airlock(name: str, roles: AirlockRoles, outbox: Outbox | None = None) -> Airlock:
            endpoints = {
                stage: network.endpoint_placement(addresses.address(TenancyEndpoint(f"{name}-{stage.value}")))
                for stage in Stage
            }
            args = AirlockArgs(
                scope=scope, roles=roles, endpoints=endpoints, keys=keys, redundancy=config.redundancy, outbox=outbox
            )
            return Airlock(name, args)

        airlocks = []
        if config.import_airlock:
            staging = Principal.service(safe_haven.staging.mover)
            airlocks.append(airlock("import", AirlockRoles({"": staging}, stewards, principals)))
        export_roles = AirlockRoles(principals, checkers, {"": stewards})
        airlocks.append(airlock("export", export_roles, _outbox(config, guardrails)))
        # Last, so that the order of the other writes is the same with and without it.
        registry = _registry(config, scope, network, keys) if config.services.registry else None
        if registry:
            for desk in desks.values():
                registry.grant_push(desk.name, desk.principal)

    outputs = {
        "project": config.project,
        "expires": config.expires.isoformat(),
        "group_id": scope.group.id,
        **({"network_id": network.network_id} if isinstance(network, SpokeNetwork) else {}),
        "vault_name": keys.vault.name,
        "store_name": store.account.name,
        **{
            f"{each.name}_{stage.value}_store_name": stage_store.account.name
            for each in airlocks
            for stage, stage_store in each.stores.items()
        },
        "desk_names": {name: desk.virtual_machine.name for name, desk in desks.items()},
        "desk_ids": {name: desk.virtual_machine.id for name, desk in desks.items()},
        OUTPUT: {name: setting_digests(desk.first_boot) for name, desk in desks.items()},
    }
    drivers = {desk.name: gpu_driver(desk.size, config.egress) for desk in config.desks}
    if found := {name: driver for name, driver in drivers.items() if driver}:
        outputs["gpu_drivers"] = found
    if registry:
        outputs["registry_name"] = registry.registry.name
    for name, value in outputs.items():
        pulumi.export(name, value)
    export_reads(platform, safe_haven, *([shared] if shared else []))


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


def _registry(
    config: TenancyConfig, scope: ResourceGroupScope, network: SpokeNetwork | ProjectSubnets, keys: KeyVault
) -> ContainerRegistry:
    """Create the registry of the project's images."""
    addresses = TenancyRange(config.addresses)
    args = ContainerRegistryArgs(
        scope=scope,
        endpoint=network.endpoint_placement(*map(addresses.address, REGISTRY_ENDPOINTS)),
        key=keys.encryption_key("registry"),
    )
    return ContainerRegistry("registry", args)


def _outbox(config: TenancyConfig, guardrails: PolicyGuardrails) -> Outbox | None:
    """Return the recipients that fetch released results from outside, if the request names any."""
    if config.recipients is None:
        return None
    access = guardrails.public_access(OUTBOX, "released results, for the recipients that the request names")
    return Outbox(Principal.group(config.recipients.group), access)


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
        SubnetSpec("desks", addresses.desks, _desk_rules(desks, own, platform, config.egress)),
    )


def _desk_rules(
    desks: str, endpoints: Sequence[str], platform: PlatformOutputs, egress: Sequence[EgressRule]
) -> tuple[SecurityRule, ...]:
    """Return the rules of the desks' subnet, which each desk's interface has as well. None is for DNS: desks have the
    names that they need in a file."""
    return (
        SecurityRule("bastion-in", IN, platform.bastion_range, desks, SSH, "SSH through Bastion"),
        SecurityRule("own-out", OUT, desks, endpoints, HTTPS, "the project's own vault and the stores that desks use"),
        SecurityRule("sign-in-out", OUT, desks, host_range(SIGN_IN_ADDRESS), HTTPS, "sign-in with Entra"),
        *(
            SecurityRule(f"{rule.name}-egress", OUT, desks, list(rule.destinations),
                         HTTP_AND_HTTPS if rule.plain_http else HTTPS, "an egress rule of the estate")
            for rule in egress
        ),
    )  # fmt: skip
