"""A DNS query: the server that it reaches, and the control that decides on it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from local_azure.data_plane.answers import Answer, Control
from local_azure.data_plane.lookups import lookup
from local_azure.data_plane.places import InNetwork, machine_place, subnet_place
from tests.local_azure.data_plane.world import NETWORKS, World, nsg_rule

AZURE = "168.63.129.16"
DESKS, MACHINE = f"{NETWORKS}/virtualNetworks/spoke/subnets/desks", "desk"
NAME = "data.attacker.example"


def ask(world: World, name: str = NAME, server: str = "", place: InNetwork | None = None) -> Answer:
    return lookup(world.store, place or subnet_place(world.store, "spoke/desks"), name, server)


def decided(answer: Answer) -> tuple[str, str]:
    assert answer.decided_by
    return answer.code, answer.decided_by.control


def filtered(world: World, network: str, *allowed: str, state: str = "Enabled") -> None:
    """Give a network a policy that blocks every name but some."""
    policy = world.put(f"{NETWORKS}/dnsResolverPolicies/{network}", "dnsresolver:DnsResolverPolicy")
    world.put(f"{policy}/virtualNetworkLinks/link", "dnsresolver:DnsResolverPolicyVirtualNetworkLink",
              virtualNetwork={"id": f"{NETWORKS}/virtualNetworks/{network}"})  # fmt: skip
    for priority, action, names in ((100, "Allow", allowed), (200, "Block", ["."])):
        list_ = world.put(f"{NETWORKS}/dnsResolverDomainLists/{network}{priority}", "dnsresolver:DnsResolverDomainList",
                          domains=list(names))  # fmt: skip
        world.put(f"{policy}/dnsSecurityRules/{action}", "dnsresolver:DnsSecurityRule", priority=priority,
                  action={"actionType": action}, dnsResolverDomainLists=[{"id": list_}],
                  dnsSecurityRuleState=state)  # fmt: skip


def test_without_a_policy_every_name_gets_an_answer(world: World) -> None:
    assert ask(world).result == {"name": NAME, "answered_in": "hub"}
    assert ask(world, server=AZURE).result["answered_in"] == "spoke"


def test_the_policy_of_the_asking_network_decides(world: World) -> None:
    filtered(world, "hub", "core.windows.net.")
    assert decided(ask(world)) == ("NameResolutionFailed", Control.DNS_POLICY)
    assert ask(world, "store.blob.core.windows.net").allowed
    assert ask(world, server=AZURE).allowed
    filtered(world, "spoke")
    assert decided(ask(world, "store.blob.core.windows.net", AZURE)) == ("NameResolutionFailed", Control.DNS_POLICY)


def test_a_disabled_rule_decides_nothing(world: World) -> None:
    filtered(world, "hub", state="Disabled")
    assert ask(world).allowed


def test_a_request_needs_the_answer_for_a_stores_name(world: World) -> None:
    filtered(world, "hub", "vault.azure.net.")
    answer = world.ask()
    assert decided(answer) == ("NameResolutionFailed", Control.DNS_POLICY)


@pytest.mark.parametrize(("tag", "allowed"), [("*", True), ("Internet", True), ("AzurePlatformDNS", False)])
def test_only_a_rule_that_names_azures_dns_stops_it(world: World, tag: str, allowed: bool) -> None:
    group = world.group("nsg", nsg_rule("deny", 4000, "Deny", direction="Outbound", destinationAddressPrefix=tag))
    world.change(DESKS, networkSecurityGroup={"id": group})
    answer = ask(world, server=AZURE)
    assert answer.allowed is allowed
    if not allowed:
        assert decided(answer) == ("ConnectionTimedOut", Control.SECURITY_GROUP)


def test_a_machine_with_its_names_in_a_file_asks_nobody(world: World) -> None:
    hosts = {"path": "/etc/hosts", "content": "10.0.2.4 store.blob.core.windows.net\n"}
    place = machine(world, {"write_files": [hosts],
                            "runcmd": [["systemctl", "mask", "--now", "systemd-resolved.service"]]})  # fmt: skip
    assert ask(world, "store.blob.core.windows.net", place=place).result["address"] == "10.0.2.4"
    assert decided(ask(world, place=place)) == ("NameResolutionFailed", Control.NAMES)
    assert ask(world, server="10.0.0.4", place=place).allowed  # a query of its own program


def machine(world: World, settings: dict[str, Any]) -> InNetwork:
    """Make a virtual machine with this first boot."""
    interface = world.put(f"{NETWORKS}/networkInterfaces/desk", "network:NetworkInterface",
                          ipConfigurations=[{"privateIPAddress": "10.0.1.9", "subnet": {"id": DESKS}}])  # fmt: skip
    id_ = world.put(f"{NETWORKS.replace('Network', 'Compute')}/virtualMachines/{MACHINE}", "compute:VirtualMachine",
                    networkProfile={"networkInterfaces": [{"id": interface}]})  # fmt: skip
    text = f"#cloud-config\n{json.dumps(settings)}"
    world.store.keep_first_boot(id_, base64.b64encode(text.encode()).decode())
    return machine_place(world.store, MACHINE)
