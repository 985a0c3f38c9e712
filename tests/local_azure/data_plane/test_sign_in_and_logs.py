"""SSH through Bastion, and log queries over a private link."""

from __future__ import annotations

import base64
import json
from ipaddress import IPv4Address
from typing import Any

import pytest

from local_azure.data_plane.addresses import Peer
from local_azure.data_plane.answers import Answer, Control, answer
from local_azure.data_plane.callers import person
from local_azure.data_plane.log_queries import query
from local_azure.data_plane.paths import Target, deliver
from local_azure.data_plane.places import PublicAddress, machine_place
from local_azure.data_plane.sign_in import rdp, ssh
from tests.local_azure.data_plane.world import GROUP, NETWORKS, World, allow, network_rule, nsg_rule

HOME = PublicAddress(IPv4Address("198.51.100.7"))
USERS = "6" * 8
ROLES = "/providers/Microsoft.Authorization/roleDefinitions"
READER, LOGIN, LOG_READER = (
    f"{ROLES}/{guid}"
    for guid in (
        "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        "fb879df8-f326-4884-b1cf-06f3ad86be52",
        "73c42c96-874c-492b-b04d-ab87d138a893",
    )
)
DESKS, BASTION = f"{NETWORKS}/virtualNetworks/spoke/subnets/desks", f"{NETWORKS}/bastionHosts/bastion"
NIC, VM = f"{NETWORKS}/networkInterfaces/nic", f"{GROUP}/providers/Microsoft.Compute/virtualMachines/desk"
WORKSPACE = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/logs"
SCOPE = f"{GROUP}/providers/Microsoft.Insights/privateLinkScopes/scope"
MEMBER = f"{SCOPE}/scopedResources/logs"


@pytest.fixture
def desk(world: World) -> World:
    """The small Azure with a desk, a Bastion, and a user of the desk."""
    subnet = world.subnet("hub", "AzureBastionSubnet", "10.0.0.128/26")
    world.put(BASTION, "network:BastionHost", ipConfigurations=[{"subnet": {"id": subnet}}])
    world.put(NIC, "network:NetworkInterface",
              ipConfigurations=[{"subnet": {"id": DESKS}, "privateIPAddress": "10.0.1.4"}])  # fmt: skip
    world.put(VM, "compute:VirtualMachine", networkProfile={"networkInterfaces": [{"id": NIC}]})
    world.put(f"{VM}/extensions/entra", "compute:VirtualMachineExtension", publisher="Microsoft.Azure.ActiveDirectory")
    for scope in (BASTION, VM, NIC, f"{NETWORKS}/virtualNetworks/spoke"):
        world.assign(USERS, READER, scope)
    world.assign(USERS, LOGIN, VM)
    return world


def sign_in(world: World) -> Answer:
    return ssh(world.store, person(USERS), HOME, "desk")


def control(answer: Answer) -> Control:
    assert answer.decided_by, answer.steps
    return answer.decided_by.control


def test_a_user_opens_a_session_through_bastion(desk: World) -> None:
    assert sign_in(desk).allowed


@pytest.mark.parametrize("scope", [BASTION, VM, NIC, f"{NETWORKS}/virtualNetworks/spoke"])
def test_a_session_needs_sight_of_all_that_it_passes(desk: World, scope: str) -> None:
    for role in (READER, LOGIN):
        desk.store.remove(f"{scope}{ROLES[:34]}/roleAssignments/{USERS}{role[-8:]}")
    assert (sign_in(desk).code, control(sign_in(desk))) == ("AuthorizationFailed", Control.ROLES)


def test_a_session_needs_the_login_role_and_its_extension(desk: World) -> None:
    desk.store.remove(f"{VM}/extensions/entra")
    assert (sign_in(desk).code, control(sign_in(desk))) == ("PermissionDenied", Control.SIGN_IN)
    desk.put(f"{VM}/extensions/entra", "compute:VirtualMachineExtension", publisher="Microsoft.Azure.ActiveDirectory")
    desk.store.remove(f"{VM}{ROLES[:34]}/roleAssignments/{USERS}{LOGIN[-8:]}")
    assert (sign_in(desk).code, control(sign_in(desk))) == ("PermissionDenied", Control.SIGN_IN)


def test_a_remote_desktop_needs_its_own_port_and_extension(desk: World) -> None:
    admits = nsg_rule("rdp", 100, sourceAddressPrefix="10.0.0.128/26", destinationPortRange="3389")
    desk.change(NIC, networkSecurityGroup={"id": desk.group("of-interface", admits, nsg_rule("rest", 200, "Deny"))})
    assert control(sign_in(desk)) is Control.SECURITY_GROUP
    assert control(rdp(desk.store, person(USERS), HOME, "desk")) is Control.SIGN_IN, "it has Linux"
    desk.change(VM, osProfile={"windowsConfiguration": {}})
    assert rdp(desk.store, person(USERS), HOME, "desk").allowed


def test_both_security_groups_of_a_desk_must_admit_bastion(desk: World) -> None:
    admits = nsg_rule("ssh", 100, sourceAddressPrefix="10.0.0.128/26", destinationPortRange="22")
    rules = (admits, nsg_rule("rest", 200, "Deny"))
    desk.change(DESKS, networkSecurityGroup={"id": desk.group("of-subnet", *rules)})
    desk.change(NIC, networkSecurityGroup={"id": desk.group("of-interface", *rules)})
    assert sign_in(desk).allowed
    for group in ("of-subnet", "of-interface"):
        desk.group(group, nsg_rule("rest", 200, "Deny"))
        assert (sign_in(desk).code, control(sign_in(desk))) == ("ConnectionTimedOut", Control.SECURITY_GROUP)
        desk.group(group, *rules)


def by_name(*hosts: str) -> dict[str, Any]:
    """Return a firewall rule that allows hosts by their names."""
    return {"ruleType": "ApplicationRule", "name": "people", "sourceAddresses": ["10.0.1.0/24"],
            "protocols": [{"protocolType": "Https", "port": 443}], "targetFqdns": list(hosts)}  # fmt: skip


def test_a_session_needs_both_hosts_of_entra_by_address_and_by_name(desk: World) -> None:
    """The desk's group admits the one address, and the firewall the names."""
    hosts_file = {"path": "/etc/hosts", "content": "192.0.2.1 login.microsoftonline.com pas.windows.net\n"}
    text = f"#cloud-config\n{json.dumps({'write_files': [hosts_file]})}"
    bastion = nsg_rule("ssh", 100, sourceAddressPrefix="10.0.0.128/26", destinationPortRange="22")
    out = nsg_rule(
        "out", 110, direction="Outbound", destinationAddressPrefix="192.0.2.1/32", destinationPortRange="443"
    )
    rest = [nsg_rule(f"rest-{way}", 200, "Deny", direction=way) for way in ("Inbound", "Outbound")]
    desk.change(DESKS, networkSecurityGroup={"id": desk.group("of-subnet", bastion, out, *rest)})
    assert control(sign_in(desk)) is Control.SECURITY_GROUP, "the desk asks for Entra's own addresses"
    desk.store.keep_first_boot(VM, base64.b64encode(text.encode()).decode())
    for hosts in ((), ("login.microsoftonline.com",), ("graph.microsoft.com", "pas.windows.net")):
        desk.rules(allow(by_name(*hosts))) if hosts else desk.rules()
        assert control(sign_in(desk)) is Control.FIREWALL
    desk.rules(allow(by_name("login.microsoftonline.com", "pas.windows.net")))
    assert sign_in(desk).allowed
    desk.change(DESKS, networkSecurityGroup={"id": desk.group("of-subnet", bastion, *rest)})
    assert control(sign_in(desk)) is Control.SECURITY_GROUP


@pytest.mark.parametrize("address", ["192.0.2.1", "20.190.128.1"])
def test_microsoft_graph_is_refused_at_each_address(desk: World, address: str) -> None:
    tags = frozenset() if address == "192.0.2.1" else frozenset({"azureactivedirectory"})
    target = Target(Peer(IPv4Address(address), tags), host="graph.microsoft.com")
    desk.rules(allow(by_name("login.microsoftonline.com", "pas.windows.net")))
    place = machine_place(desk.store, "desk")
    found = answer(desk.store, lambda attempt: (200, {"at": str(deliver(attempt, place, target).address)}))
    assert control(found) is Control.FIREWALL


def test_without_a_bastion_nearby_there_is_no_session(desk: World) -> None:
    desk.store.remove(f"{NETWORKS}/virtualNetworks/spoke/virtualNetworkPeerings/hub")
    assert sign_in(desk).code == "ResourceNotFound"


@pytest.fixture
def logs(desk: World) -> World:
    """The desk, with a workspace that is reached by a private endpoint in the hub."""
    desk.put(WORKSPACE, "operationalinsights:Workspace", publicNetworkAccessForQuery="Disabled",
             features={"enableLogAccessUsingOnlyResourcePermissions": False})  # fmt: skip
    desk.put(SCOPE, "monitor:PrivateLinkScope")
    desk.put(MEMBER, "monitor:PrivateLinkScopedResource", linkedResourceId=WORKSPACE)
    subnet = desk.subnet("hub", "monitoring", "10.0.0.192/26", privateEndpointNetworkPolicies="Enabled")
    connection = {"privateLinkServiceId": SCOPE, "privateLinkServiceConnectionState": {"status": "Approved"}}
    desk.put(
        f"{NETWORKS}/privateEndpoints/logs",
        "network:PrivateEndpoint",
        subnet={"id": subnet},
        customDnsConfigs=[{"ipAddresses": ["10.0.0.196"]}],
        privateLinkServiceConnections=[connection],
    )
    zone = desk.put(f"{NETWORKS}/privateDnsZones/privatelink.monitor.azure.com", "privatedns:PrivateZone")
    desk.put(f"{zone}/virtualNetworkLinks/hub", "privatedns:VirtualNetworkLink",
             virtualNetwork={"id": f"{NETWORKS}/virtualNetworks/hub"})  # fmt: skip
    desk.put(f"{zone}/A/api", "privatedns:PrivateRecordSet", aRecords=[{"ipv4Address": "10.0.0.196"}])
    desk.rules(allow(network_rule("entra", "10.0.1.0/24", "AzureActiveDirectory")))
    return desk


def search(world: World, who: str = USERS, *, resource: str = "", from_home: bool = False) -> Answer:
    place = HOME if from_home else machine_place(world.store, "desk")
    return query(world.store, person(who), place, "logs", resource)


def test_a_query_passes_the_private_link_and_needs_a_right_on_the_workspace(logs: World) -> None:
    assert (search(logs).code, control(search(logs))) == ("InsufficientAccessError", Control.ROLES)
    logs.assign(USERS, LOG_READER, WORKSPACE)
    assert search(logs).allowed
    assert control(search(logs, from_home=True)) is Control.NETWORK_RULES
    logs.store.remove(MEMBER)
    assert (search(logs).code, control(search(logs))) == ("InsufficientAccessError", Control.NETWORK_RULES)
    logs.change(SCOPE, accessModeSettings={"queryAccessMode": "Open"})
    assert control(search(logs)) is Control.NETWORK_RULES
    logs.change(WORKSPACE, publicNetworkAccessForQuery="Enabled")
    assert search(logs).allowed


def test_readers_of_a_resource_read_its_logs_where_the_workspace_says_so(logs: World) -> None:
    assert control(search(logs, resource=VM)) is Control.ROLES
    logs.change(WORKSPACE, features={"enableLogAccessUsingOnlyResourcePermissions": True})
    assert search(logs, resource=VM).allowed
    assert control(search(logs)) is Control.ROLES
    assert control(search(logs, "7" * 8, resource=VM)) is Control.ROLES


def test_the_group_of_the_private_link_decides_who_queries(logs: World) -> None:
    logs.assign(USERS, LOG_READER, WORKSPACE)
    monitoring = f"{NETWORKS}/virtualNetworks/hub/subnets/monitoring"
    logs.change(monitoring, networkSecurityGroup={"id": logs.group("monitoring", nsg_rule("rest", 200, "Deny"))})
    assert control(search(logs)) is Control.SECURITY_GROUP
    logs.group("monitoring", nsg_rule("desk", 100, sourceAddressPrefix="10.0.1.4/32"), nsg_rule("rest", 200, "Deny"))
    assert search(logs).allowed  # the hub is peered: the source address is the desk's
