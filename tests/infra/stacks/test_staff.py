"""The staff network in the platform stack."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from formats.addresses import CellRange, StaffRole, TenancyEndpoint, TenancyKind, ZoneEndpoint, ZoneName
from infra.stacks.programs import declare_stack
from tests.infra import samples
from tests.infra.mock_stack import MockStack, run
from tests.infra.samples import CELL, STAFF

MAX_ADDRESSES = 4000
"""The destinations of a security group ("Azure subscription limits")."""
ADDRESSES = {machine["name"]: str(CELL.staff.machine_address([StaffRole(machine["roles"][0])])) for machine in STAFF}


@pytest.fixture(scope="module")
def staffed() -> MockStack:
    return run(lambda: declare_stack(samples.staffed_platform()), name="platform")


def _rules(stack: MockStack, group: str) -> dict[str, Any]:
    rules = stack.one("NetworkSecurityGroup", group).inputs["securityRules"]
    return {rule["name"]: rule for rule in rules if rule["access"] == "Allow"}


def _firewall_rules(stack: MockStack) -> dict[str, Any]:
    (collection,) = stack.one("FirewallPolicyRuleCollectionGroup", "firewall-staff").inputs["ruleCollections"]
    return {rule["name"]: rule for rule in collection["rules"]}


def test_a_platform_without_staff_has_no_such_network(platform: MockStack) -> None:
    assert not [one for one in platform.registrations if "staff" in one.name]
    assert not platform.outputs.keys() & {"staff_vm_ids", "staff_first_boot", "log_workspace_guid"}


def test_each_machine_has_the_address_of_its_role(staffed: MockStack) -> None:
    found = {one.name: one.inputs["ipConfigurations"][0] for one in staffed.of("NetworkInterface")}
    assert {name: one["privateIPAddress"] for name, one in found.items()} == {
        f"staff-vm-{name}": address for name, address in ADDRESSES.items()
    }
    assert {one["privateIPAllocationMethod"] for one in found.values()} == {"Static"}


def test_machines_of_staff_have_no_identity_with_rights(staffed: MockStack) -> None:
    machines = staffed.of("VirtualMachine")
    assert len(machines) == len(STAFF)
    assert {str(machine.inputs["identity"]) for machine in machines} == {"{'type': 'SystemAssigned'}"}


def test_stewards_of_zones_reach_every_store_and_inbox_of_the_zones(staffed: MockStack) -> None:
    rule = _firewall_rules(staffed)["zones_zone-stewards"]
    stores = {str(CELL.zone(zone).address(ZoneEndpoint.STORE)) for zone in ZoneName}
    inboxes = set(map(str, CELL.zone(ZoneName.JUNCTION).inbox_addresses()))
    assert rule["sourceAddresses"] == [ADDRESSES["zones"]]
    assert set(rule["destinationAddresses"]) == {f"{address}/32" for address in stores | inboxes}


@pytest.mark.parametrize(
    ("name", "endpoints"),
    [
        ("projects_project-stewards", [TenancyEndpoint.IMPORT_PENDING, TenancyEndpoint.IMPORT_APPROVED]),
        ("checks_checkers", [TenancyEndpoint.EXPORT_PENDING, TenancyEndpoint.EXPORT_APPROVED]),
    ],
)
def test_a_role_reaches_its_stores_of_every_slot(
    staffed: MockStack, name: str, endpoints: list[TenancyEndpoint]
) -> None:
    found = set(_firewall_rules(staffed)[name]["destinationAddresses"])
    slots = [CELL.tenancy(kind, slot) for kind in TenancyKind for slot in range(CELL.slots(kind))]
    assert found == {f"{slot.address(endpoint)}/32" for slot in slots for endpoint in endpoints}


def test_the_rules_of_the_largest_cell_fit_into_a_security_group() -> None:
    cell = CellRange(IPv4Network("10.64.0.0/14"))
    staff = [*STAFF[:3], samples.machine("checks", "checkers", users=43), samples.machine("read", "results", users=44)]
    settings = {
        "staff": staff,
        "staff_range": str(cell.staff.network),
        "addresses": cell.hub.network,
        "zone_range": cell.zone_range,
        "tenancy_ranges": {kind.value: cell.tenancies(kind) for kind in TenancyKind},
    }
    stack = run(lambda: declare_stack(samples.staffed_platform(**settings)), name="platform")
    rules = _rules(stack, "staff-machines").values()
    found = sum(len(rule.get("destinationAddressPrefixes") or ["one"]) for rule in rules)
    assert 768 * 5 < found <= MAX_ADDRESSES


def test_engineers_alone_reach_the_logs_and_past_the_firewall(staffed: MockStack) -> None:
    (rule,) = _rules(staffed, "hub-monitoring").values()
    assert rule["sourceAddressPrefix"] == f"{ADDRESSES['logs']}/32"
    assert rule["destinationAddressPrefix"] == str(CELL.hub.monitoring)
    assert str(CELL.hub.monitoring) not in str(_firewall_rules(staffed))


def test_an_interface_has_the_rules_of_its_own_machine_alone(staffed: MockStack) -> None:
    subnet = _rules(staffed, "staff-machines")
    for name, address in ADDRESSES.items():
        own = _rules(staffed, f"staff-vm-{name}-interface")
        ends = {(rule["sourceAddressPrefix"], rule.get("destinationAddressPrefix")) for rule in own.values()}
        assert all(f"{address}/32" in pair for pair in ends)
        assert own.keys() <= subnet.keys()
    assert len(subnet) == sum(len(_rules(staffed, f"staff-vm-{name}-interface")) for name in ADDRESSES)


def test_staff_install_from_the_archives_of_tenancies_alone(staffed: MockStack) -> None:
    bare = run(lambda: declare_stack(samples.staffed_platform(egress={"bespoke": samples.EGRESS})), name="platform")
    assert _firewall_rules(staffed)["logs_packages_egress"]["destinationAddresses"] == ["203.0.113.16/29"]
    assert not [name for name in _firewall_rules(bare) if name.endswith("egress")]
    assert "packages" in staffed.outputs["staff_first_boot"]["logs"]
    assert "packages" not in bare.outputs["staff_first_boot"]["logs"]


def test_the_network_is_connected_before_the_firewall_and_the_machines_come_after(staffed: MockStack) -> None:
    peering = staffed.one("VirtualNetworkPeering", "staff-from-hub").urn
    firewall = staffed.one("AzureFirewall", "firewall")
    assert peering in firewall.depends_on
    assert all(firewall.urn in machine.depends_on for machine in staffed.of("VirtualMachine"))


def test_identifiable_data_needs_confidential_machines() -> None:
    staff = [one | {"size": "Standard_DC2as_v5"} for one in STAFF]
    settings = {"data_class": "identifiable", "staff": staff, "confidential_orchestrator": samples.group(50)}
    stack = run(lambda: declare_stack(samples.staffed_platform(**settings)), name="platform")
    assert {one.inputs["securityProfile"]["securityType"] for one in stack.of("VirtualMachine")} == {"ConfidentialVM"}
    assert stack.one("VirtualNetwork", "staff").inputs["encryption"]["enabled"] is False
