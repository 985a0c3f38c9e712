"""A tenancy: one project's trusted research environment."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from infra.addresses import TenancyRange, TenancySeat
from infra.components.airlock import Airlock, Passage, Stage
from infra.components.confidential import is_confidential
from infra.components.desk import Desk, Disks
from infra.components.disk_keys import DiskKeys
from infra.components.flows import Flow, Way, single
from infra.components.grants import Principal
from infra.components.guard import Guards
from infra.components.key_vault import KeyVault
from infra.components.references import Platform, SafeHaven
from infra.components.room import Room
from infra.components.sealed_network import SealedNetwork
from infra.components.sizes import accelerates
from infra.components.store import Store
from infra.components.virtual_network import SubnetPlan
from infra.config import DataClass, TenancyConfig
from infra.egress import EgressRule
from infra.errors import BadInput
from infra.guards import OF_A_ROOM
from infra.roles import ENTRA, Port

HTTPS, DNS, SSH = ((str(int(port)),) for port in (Port.HTTPS, Port.DNS, Port.SSH))
WEB = (str(int(Port.HTTP)), *HTTPS)


def tenancy(config: TenancyConfig) -> None:
    """Brings up a project's environment: sealed network, vault, store, desk, and the two airlocks."""
    _refuse_self_approval(config)
    platform, haven = Platform(config.platform), SafeHaven(config.safe_haven)
    researchers, stewards, checkers = (
        Principal.group(group) for group in (config.researchers, config.stewards, config.checkers)
    )
    with Room("project", config, "project", logs=platform.logs) as room:
        Guards("guards", config, OF_A_ROOM).hold(room)
        plan = TenancyRange(config.addresses)
        network = SealedNetwork("net", room, plan.whole, _subnets(plan, platform, config.egress), platform=platform,
                                unencrypted=_unencrypted(config))  # fmt: skip
        keys = KeyVault("keys", room, network.door(plan.address(TenancySeat.KEYS)))
        store = Store("data", room, network.door(plan.address(TenancySeat.DATA)), keys.encrypts("data"),
                      redundancy=config.redundancy, containers=["project"], tiers=config.tiers)  # fmt: skip
        desk = Desk("desk", room, network, config.desk, disks=_disks(config, room, keys), egress=config.egress)
        # People sign in, and hold no right to data: what leaves, leaves as the desk, which only the desk can be.
        desk.grant_sign_in("researchers", researchers)
        store.grant_read_write("desk", desk.works_as)

        def airlock(name: str, passage: Passage) -> Airlock:
            doors = {stage: network.door(plan.address(TenancySeat(f"{name}-{stage.value}"))) for stage in Stage}
            return Airlock(name, room, doors, keys, passage=passage, redundancy=config.redundancy)

        staging = Principal.service(haven.staging.mover)
        entry = airlock("import", Passage(staging, stewards, desk.works_as))
        exit_ = airlock("export", Passage(desk.works_as, checkers, stewards))

    outputs = {
        "project": config.project,
        "expires": config.expires.isoformat(),
        "group_id": room.group.id,
        "network_id": network.virtual.network.id,
        "vault_name": keys.vault.name,
        "store_name": store.account.name,
        **{
            f"{lock.called}_{stage.value}_store_name": held.account.name
            for lock in (entry, exit_)
            for stage, held in lock.stores.items()
        },
        "desk_name": desk.computer.name,
        "desk_id": desk.computer.id,
    }
    for name, value in outputs.items():
        pulumi.export(name, value)


def _refuse_self_approval(config: TenancyConfig) -> None:
    for role in ("stewards", "checkers"):
        if getattr(config, role) == config.researchers:
            raise BadInput(f"The researchers would be their own {role}.", key=f"sde:{role}", found=config.researchers,
                           allowed="another Entra group than sde:researchers")  # fmt: skip


def _unencrypted(config: TenancyConfig) -> str | None:
    """Azure advises against network encryption where confidential computers stand, and where a size's interface cannot
    do it (learn.microsoft.com, "Virtual network encryption": limitations)."""
    if config.data_class is DataClass.IDENTIFIABLE:
        return "confidential computers do not support network encryption; TLS carries all traffic"
    if not accelerates(config.desk.size):
        return "the desk's size does not support network encryption; TLS carries all traffic"
    return None


def _disks(config: TenancyConfig, room: Room, keys: KeyVault) -> Disks:
    """What encrypts the desk's disks: for identifiable data on a confidential computer, and only on one."""
    data = DiskKeys("disks", room, keys.encrypts("disks"))
    if config.data_class is not DataClass.IDENTIFIABLE:
        return Disks(data)
    if not is_confidential(config.desk.size):
        raise BadInput("Identifiable data needs a confidential computer.", key="sde:desk.size", found=config.desk.size,
                       allowed="a size of the DC and EC families, such as Standard_DC8ads_v5")  # fmt: skip
    if config.confidential_orchestrator is None:
        raise BadInput("Azure's confidential computing service is not known in this tenant.",
                       key="sde:confidential_orchestrator", found="nothing",
                       allowed="the object id of the enterprise application Confidential VM Orchestrator",
                       fix="az ad sp show --id bf7b6499-ff71-4aa2-97a4-f372087be7f0 --query id")  # fmt: skip
    orchestrator = Principal.service(str(config.confidential_orchestrator))
    key = keys.encrypts_confidential_disks("system-disks", orchestrator=orchestrator)
    return Disks(data, DiskKeys("system-disks", room, key, confidential=True))


def _subnets(plan: TenancyRange, platform: Platform, egress: Sequence[EgressRule]) -> tuple[SubnetPlan, ...]:
    desks, own = str(plan.desks), [single(plan.address(seat)) for seat in TenancySeat]
    asked = single(plan.address(TenancySeat.IMPORT_ASKED))
    served = (
        Flow("desks-in", Way.IN, desks, own, HTTPS, "the desks"),
        Flow("staging-in", Way.IN, platform.firewall_range, asked, HTTPS, "staging hands over, by the firewall"),
    )
    works = _works(desks, own, platform, egress)
    return (SubnetPlan("endpoints", plan.endpoints, served), SubnetPlan("desks", plan.desks, works))


def _works(desks: str, own: Sequence[str], platform: Platform, egress: Sequence[EgressRule]) -> tuple[Flow, ...]:
    """What a desk may do: the rules of its subnet, and once more of its own interface."""
    return (
        Flow("bastion-in", Way.IN, platform.bastion_range, desks, SSH, "people, through Bastion"),
        Flow("own-out", Way.OUT, desks, own, HTTPS, "the project's own stores and vault"),
        Flow("names-out", Way.OUT, desks, platform.firewall_address, DNS, "the firewall answers for names", "*"),
        # Entra's addresses are Azure's to know.
        Flow("sign-in-out", Way.OUT, desks, ENTRA, HTTPS, "people sign in with Entra"),
        *(
            Flow(f"{rule.name}-egress", Way.OUT, desks, list(rule.hosts),
                 WEB if rule.plain_http else HTTPS, "the estate permits it")
            for rule in egress
        ),
    )  # fmt: skip
