"""Writes to a busy Azure: those that overlap, those that the graph does not order, and what is seen late."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_azure.load.busy import OperationFailed
from local_azure.load.setting import Load
from tests.local_azure.load.support import BusyWorld, FakeStep
from tests.local_azure.types.support import SUBSCRIPTION, refused
from tests.local_azure.types.test_bastion import host
from tests.local_azure.types.test_firewall import collection, firewall, policy, rules
from tests.local_azure.types.test_policy import assign, define
from tests.local_azure.types.test_private_endpoint import endpoint, link, zone
from tests.local_azure.types.test_storage_account import customer_key

BLOB_ZONE = "privatelink.blob.core.windows.net"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub/subnets/data"


@pytest.fixture
def busy(tmp_path: Path) -> BusyWorld:
    """A network with a subnet, when all writes have ended."""
    world = BusyWorld(tmp_path)
    world.vnet()
    world.subnet()
    return world


def container(world: BusyWorld, name: str = "one") -> str:
    return world.make("storage:BlobContainer", accountName="storeone", containerName=name)


# Requests that overlap in time --------------------------------------------------------------------------------------


def test_a_request_is_repeated_until_a_short_write_ends(busy: BusyWorld) -> None:
    began = busy.now
    busy.subnet("one", "10.0.2.0/24")
    busy.now = began
    busy.subnet("two", "10.0.3.0/24")
    assert busy.now == pytest.approx(began + (20 + 10) / 100)


@pytest.mark.parametrize("make", [host, firewall])
def test_a_request_fails_beside_a_long_write(busy: BusyWorld, make) -> None:  # type: ignore[no-untyped-def]
    name = {host: "AzureBastionSubnet", firewall: "AzureFirewallSubnet"}[make]
    subnet = busy.subnet(name, "10.0.9.0/26")
    began = busy.now
    make(busy, subnet)
    busy.now = began + 0.5
    with refused("AnotherOperationInProgress"):
        busy.subnet("one", "10.0.2.0/24")


def test_a_request_beside_an_endpoint_is_throttled_and_repeated(busy: BusyWorld) -> None:
    account = busy.account()
    began = busy.now
    endpoint(busy, account, "blob", subnet=SUBNET)
    busy.now = began
    busy.subnet("one", "10.0.2.0/24")  # 429 RetryableError at once and after 20 seconds; the endpoint takes 60
    assert busy.now == pytest.approx(began + (20 + 60 + 10) / 100)
    busy.now = began - 1.5
    with refused("RetryableError"):
        busy.subnet("two", "10.0.3.0/24")


def test_a_bastion_and_a_firewall_may_overlap(busy: BusyWorld) -> None:
    bastion, other = (busy.subnet(f"Azure{n}Subnet", f"10.0.{i}.0/26") for i, n in ((8, "Bastion"), (9, "Firewall")))
    began = busy.now
    host(busy, bastion)
    busy.now = began
    firewall(busy, other)


def test_an_endpoint_beside_another_fails_after_it_was_made(busy: BusyWorld) -> None:
    account, vault = busy.account(), busy.vault()
    began = busy.now
    endpoint(busy, account, "blob", subnet=SUBNET, name="one")
    busy.now = began + 0.1
    with pytest.raises(OperationFailed, match="ReferencedResourceNotProvisioned") as failed:
        endpoint(busy, vault, "vault", subnet=SUBNET, name="two")
    made = failed.value.resource.id
    assert busy.read(made)["provisioningState"] == "Failed"
    busy.now += 100
    busy.change(made, tags={"again": "yes"})
    assert busy.read(made)["provisioningState"] == "Succeeded"


def test_an_endpoint_fails_while_its_account_is_written(busy: BusyWorld) -> None:
    account = busy.account()
    began = busy.now
    container(busy)
    busy.now = began
    with pytest.raises(OperationFailed, match="StorageAccountOperationInProgress"):
        endpoint(busy, account, "blob", subnet=SUBNET)


def test_a_delete_waits_like_a_write(busy: BusyWorld) -> None:
    busy.account()
    made = container(busy)
    began = busy.now
    container(busy, "two")
    busy.now = began
    busy.remove(made)
    assert busy.now >= began + 20 / 100


def test_writes_to_different_resources_do_not_wait(busy: BusyWorld) -> None:
    busy.account()
    busy.account("storetwo")
    began = busy.now
    container(busy)
    busy.now = began
    busy.make("storage:BlobContainer", accountName="storetwo", containerName="one")
    assert busy.now == pytest.approx(began + 2 / 100)


def test_a_refused_write_excludes_no_other(busy: BusyWorld) -> None:
    began = busy.now
    with refused("NetcfgInvalidSubnet"):
        busy.subnet("wrong", "192.168.0.0/24")
    busy.subnet("right", "10.0.2.0/24")
    assert busy.now == pytest.approx(began + 10 / 100)


def test_nothing_waits_in_an_azure_that_is_not_busy(busy: BusyWorld) -> None:
    busy.store.set_load(Load.OFF)
    began = busy.now
    busy.subnet("one", "10.0.2.0/24")
    busy.subnet("two", "10.0.3.0/24")
    assert busy.now == began


# What is seen late --------------------------------------------------------------------------------------------------


def test_a_new_policy_definition_is_seen_late(busy: BusyWorld) -> None:
    definition = define(busy)
    with refused("PolicyDefinitionNotFound"):
        assign(busy, definition)
    busy.now += 30 / 100
    assign(busy, definition)


def test_a_new_role_assignment_takes_effect_late(busy: BusyWorld) -> None:
    settings = customer_key(busy)
    with refused("KeyVaultAuthenticationFailure"):
        busy.account(**settings)
    busy.now += 60 / 100
    busy.account(**settings)


def test_the_answer_to_a_created_account_is_lost_once(busy: BusyWorld) -> None:
    busy.store.set_load(Load.LOST_ANSWER)
    with refused("StorageAccountOperationInProgress"):
        busy.account()
    with refused("ResourceAlreadyExists"):
        busy.account()
    assert busy.store.load() == Load.BUSY
    busy.account("storetwo")


# A firewall's names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("resolution", "works"), [("Default", False), ("NxDomainRedirect", True), (None, False)])
def test_a_firewall_needs_names_that_a_zone_may_hide(busy: BusyWorld, resolution: str | None, works: bool) -> None:
    zone(busy)
    subnet = busy.subnet("AzureFirewallSubnet", "10.0.9.0/26")
    network = subnet.rpartition("/subnets/")[0]
    firewall(busy, subnet, firewallPolicy={"id": policy(busy)})
    link(busy, network, zone=BLOB_ZONE, **({"resolutionPolicy": resolution} if resolution else {}))
    if works:
        rules(busy, collection())
    else:
        with pytest.raises(OperationFailed, match="FirewallPolicyUpdateFailed"):
            rules(busy, collection())


# Steps that the graph does not order --------------------------------------------------------------------------------


def test_two_writes_without_an_order_are_refused(busy: BusyWorld) -> None:
    busy.step = FakeStep("one")
    busy.subnet("one", "10.0.2.0/24")
    busy.step = FakeStep("two", ("other",))
    with refused("AnotherOperationInProgress"):
        busy.subnet("two", "10.0.3.0/24")
    busy.step = FakeStep("two", ("one",))
    busy.subnet("two", "10.0.3.0/24")


def test_writes_of_another_run_need_no_order(busy: BusyWorld) -> None:
    busy.step = FakeStep("one")
    busy.subnet("one", "10.0.2.0/24")
    busy.step = FakeStep("two", run="other")
    busy.subnet("two", "10.0.3.0/24")


def test_a_slow_step_between_makes_a_definition_visible(busy: BusyWorld) -> None:
    busy.step = FakeStep("definition")
    definition = define(busy)
    busy.step = FakeStep("assignment", ("definition",))
    with refused("PolicyDefinitionNotFound"):
        assign(busy, definition)
    busy.step = FakeStep("slow")
    busy.workspace()
    busy.step = FakeStep("assignment", ("definition", "slow"))
    assign(busy, definition)


def test_requests_take_no_time_where_the_graph_is_asked(busy: BusyWorld) -> None:
    busy.step, began = FakeStep("one"), busy.now
    busy.workspace()
    assert busy.now == began
