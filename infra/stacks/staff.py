"""The staff network: a spoke of the hub, in its stack, with the virtual machines that staff work on."""

from __future__ import annotations

import pulumi

from formats.addresses import StaffEndpoint
from formats.computers import StaffMachine
from formats.first_boot_settings import STAFF_OUTPUT, setting_digests
from formats.stack_config import PlatformConfig
from infra.components.bastion import Bastion
from infra.components.desk import Desk, DeskArgs, DiskEncryption
from infra.components.desk_encryption import disk_encryption, unencrypted_reason
from infra.components.grants import Principal
from infra.components.hub import OwnHub
from infra.components.key_vault import KeyVault, KeyVaultArgs
from infra.components.nsg_rules import Direction, SecurityRule, host_range
from infra.components.policy_guardrails import PolicyGuardrails
from infra.components.resource_group_scope import ResourceGroupScope, ResourceGroupScopeArgs
from infra.components.spoke_network import SpokeNetwork, SpokeNetworkArgs
from infra.components.subnet import SubnetSpec
from infra.guardrails import SPOKE_GUARDRAILS
from infra.network_services import Port
from infra.staff_connections import archives_of_staff, connections_of, staff_range
from infra.staff_first_boot import staff_first_boot

HTTPS, DNS, SSH = ((str(int(port)),) for port in (Port.HTTPS, Port.DNS, Port.SSH))
HTTP_AND_HTTPS = (str(int(Port.HTTP)), *HTTPS)
IN, OUT = Direction.IN, Direction.OUT
NAME, MACHINES = "staff", "machines"


class StaffNetwork:
    """The staff network and its virtual machines, declared in two steps: the network is connected to the hub before the
    firewall is created, and the virtual machines need the firewall at their first boot."""

    def __init__(
        self, config: PlatformConfig, hub: OwnHub, guardrails: PolicyGuardrails, log_workspace_id: pulumi.Input[str]
    ) -> None:
        self._config, self._addresses = config, staff_range(config)
        scope_args = ResourceGroupScopeArgs(config=config, purpose=NAME, log_workspace_id=log_workspace_id)
        self._scope = ResourceGroupScope(NAME, scope_args)
        self._bastion_range = str(hub.hub.addresses.bastion)
        self._firewall = str(hub.firewall_address)
        rules = tuple(rule for machine in config.staff for rule in self._rules(machine))
        network_args = SpokeNetworkArgs(
            scope=self._scope,
            space=self._addresses.network,
            subnets=(
                # Only Azure's services use the vault's keys; no virtual machine connects to it.
                SubnetSpec("endpoints", self._addresses.endpoints),
                SubnetSpec(MACHINES, self._addresses.machines, rules),
            ),
            platform=hub,
            unencrypted_reason=unencrypted_reason(config.data_class, [machine.size for machine in config.staff]),
        )
        self._network = SpokeNetwork(NAME, network_args)
        guardrails.assign_to(self._scope, after=self._network.writes, chosen=SPOKE_GUARDRAILS)

    def add_machines(self, bastion: Bastion, *, after: list[pulumi.Resource]) -> dict[str, pulumi.Input[object]]:
        """Declare the virtual machines, which need the resources in `after`, and return the outputs."""
        with self._scope as scope:
            placement = self._network.endpoint_placement(self._addresses.address(StaffEndpoint.KEYS))
            keys = KeyVault(f"{NAME}-keys", KeyVaultArgs(scope=scope, endpoint=placement))
            disks = disk_encryption(scope, keys, self._config.confidential_orchestrator, f"{NAME}-")
            desks = [self._desk(machine, disks, after) for machine in self._config.staff]
            for machine, desk in zip(self._config.staff, desks, strict=True):
                # The people have roles on data, and the virtual machine has none.
                users = Principal.group(machine.users)
                desk.grant_sign_in("users", users)
                desk.grant_see_network(f"{desk.name}-users-see-network", users)
                bastion.grant_connect(f"{NAME}-{machine.name}", users)
        return {
            "staff_vm_ids": [desk.virtual_machine.id for desk in desks],
            STAFF_OUTPUT: {
                machine.name: setting_digests(desk.first_boot)
                for machine, desk in zip(self._config.staff, desks, strict=True)
            },
        }

    def _desk(self, machine: StaffMachine, disks: DiskEncryption, after: list[pulumi.Resource]) -> Desk:
        restrictions = self._config.tenant_restrictions
        roots = restrictions.root_certificates if restrictions else ()
        desk_args = DeskArgs(
            scope=self._scope,
            network=self._network,
            subnet=MACHINES,
            allowed=self._rules(machine),
            address=self._addresses.machine_address(machine.roles),
            config=machine,
            key=f"sde:staff.{machine.name}",
            disk_encryption=disks,
            first_boot=staff_first_boot(archives_of_staff(self._config), roots),
            has_identity=False,
            after=after,
        )
        return Desk(machine.logical_name, desk_args)

    def _rules(self, machine: StaffMachine) -> tuple[SecurityRule, ...]:
        """Return the rules of a virtual machine. Its interface has these alone, its subnet those of all machines."""
        name, own = machine.name, host_range(self._addresses.machine_address(machine.roles))
        return (
            SecurityRule(f"{name}_bastion_in", IN, self._bastion_range, own, SSH, "SSH through Bastion"),
            SecurityRule(f"{name}_names_out", OUT, own, self._firewall, DNS, "DNS by the firewall", "*"),
            *(
                SecurityRule(one.name, OUT, own, list(one.destinations), HTTP_AND_HTTPS if one.plain_http else HTTPS,
                             one.description)
                for one in connections_of(machine, self._config)
            ),
        )  # fmt: skip
