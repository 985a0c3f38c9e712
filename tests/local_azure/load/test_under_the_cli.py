"""A busy local Azure under the real Pulumi CLI, which makes requests at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_azure.admin import set_load
from local_azure.load.setting import Load
from tests.local_azure.test_under_the_cli import CliRunner
from tests.pulumi_cli import needs_cli

pytestmark = needs_cli

PROGRAM = """
import os, sys
import pulumi
from pulumi import automation

def program():
    from pulumi_azure_native import network, resources, storage
    rg = resources.ResourceGroup("rg", resource_group_name="rg", location="uksouth").name
    at = {"resource_group_name": rg, "location": "uksouth"}
    vnet = network.VirtualNetwork("net", virtual_network_name="net", **at,
                                  address_space=network.AddressSpaceArgs(address_prefixes=["10.0.0.0/16"]))
    subnet = network.Subnet("data", subnet_name="data", virtual_network_name=vnet.name, resource_group_name=rg,
                            address_prefix="10.0.1.0/24")
    names = ("storeone", "storetwo")
    stores = [storage.StorageAccount(name, account_name=name, kind="StorageV2", sku=storage.SkuArgs(
        name="Standard_LRS"), **at) for name in names]
    before = [subnet, *stores]
    for name, store in zip(names, stores):
        connection = network.PrivateLinkServiceConnectionArgs(
            name=name, private_link_service_id=store.id, group_ids=["blob"])
        made = network.PrivateEndpoint(name, private_endpoint_name=name, subnet=network.SubnetArgs(id=subnet.id),
                                       private_link_service_connections=[connection], **at,
                                       opts=pulumi.ResourceOptions(depends_on=before))
        if os.environ.get("ORDERED"):
            before = [made]

stack = automation.create_or_select_stack("dev", "busy", program)
stack.set_config("azure-native:subscriptionId", automation.ConfigValue(os.environ["SUBSCRIPTION"]))
try:
    getattr(stack, sys.argv[1])(on_output=print)
except automation.CommandError:
    sys.exit(1)
"""


@pytest.fixture
def runner(tmp_path: Path) -> CliRunner:
    """Return a CLI whose local Azure is busy."""
    made = CliRunner(tmp_path, PROGRAM)
    set_load(Path(made.environment["SDE_LOCAL_AZURE"]), Load.BUSY)
    return made


def test_endpoints_side_by_side_need_one_more_run(runner: CliRunner) -> None:
    first = runner.run("up")
    assert "RetryableError" in first
    assert first.endswith("exit 1")
    again = runner.run("up")
    assert again.endswith("exit 0")
    assert "1 updated" in again  # the failed endpoint is in the state
    assert runner.run("destroy").endswith("exit 0")


def test_endpoints_one_after_another_need_one_run(runner: CliRunner) -> None:
    assert runner.run("up", ORDERED="yes").endswith("exit 0")
    assert runner.run("destroy", ORDERED="yes").endswith("exit 0")
