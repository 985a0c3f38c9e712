"""A run stops if a value differs from the one that was derived for policies in place of an unknown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pulumi_azure_native import network, resources

from formats.arm.resolve import resolved
from formats.errors import Refused
from formats.plan import Plan
from local_azure import create_providers
from operations.engine.embedded.engine import EmbeddedEngine
from operations.engine.port import StackSettings
from tests.operations.engine.in_process import InProcess

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
CLOSED, OPEN = (f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/{name}" for name in ("closed", "open"))


def engine(folder: Path, program: Callable[[], Any] = lambda: None) -> EmbeddedEngine:
    (folder / "Pulumi.yaml").write_text("name: sde\nruntime: python\n")
    (folder / "state").mkdir(exist_ok=True)
    providers = partial(create_providers, folder / "azure.db")
    return EmbeddedEngine(folder, folder / "state", providers, lambda: "passphrase", InProcess(program))


def stack(folder: Path, subscription: str = SUBSCRIPTION) -> StackSettings:
    config = {"azure-native:location": "uksouth", "azure-native:subscriptionId": subscription, "sde:cloud": "local"}
    return StackSettings("s", config, folder / "Pulumi.s.yaml")


def network_behind(choose: Callable[[str], str]) -> Callable[[], None]:
    """Return a program with a subnet whose NSG id is `choose` of the closed NSG's id."""

    def program() -> None:
        room = resources.ResourceGroup("rg", resource_group_name="rg")
        network.NetworkSecurityGroup("open", resource_group_name=room.name, network_security_group_name="open")
        closed = network.NetworkSecurityGroup(
            "closed", resource_group_name=room.name, network_security_group_name="closed"
        )
        vnet = network.VirtualNetwork(
            "vnet",
            resource_group_name=room.name,
            virtual_network_name="vnet",
            address_space={"address_prefixes": ["10.0.0.0/24"]},
        )
        network.Subnet(
            "data",
            resource_group_name=room.name,
            virtual_network_name=vnet.name,
            subnet_name="data",
            address_prefix="10.0.0.0/26",
            network_security_group={"id": closed.id.apply(choose)},
        )

    return program


def judged_id(plan: Plan) -> str:
    (found,) = [r for r in resolved(plan).resources if r.name == "data"]
    return str(found.inputs["networkSecurityGroup"]["id"])


def test_derived_id_that_differs_stops_the_run(tmp_path: Path) -> None:
    liar = engine(tmp_path, network_behind(lambda _: OPEN))
    plan = liar.preview(stack(tmp_path))
    assert judged_id(plan) == CLOSED
    with pytest.raises(Refused, match=r"networkSecurityGroup\.id would be another than planned"):
        liar.up(stack(tmp_path), plan=plan)
    assert "data" not in {r.name for r in liar.current_state([stack(tmp_path)])["s"].resources}


def test_derived_id_that_is_equal_is_allowed(tmp_path: Path) -> None:
    honest = engine(tmp_path, network_behind(lambda id_: id_))
    plan = honest.preview(stack(tmp_path))
    honest.up(stack(tmp_path), plan=plan)
    (found,) = [r for r in honest.current_state([stack(tmp_path)])["s"].resources if r.name == "data"]
    assert found.inputs["networkSecurityGroup"]["id"] == judged_id(plan) == CLOSED


def test_another_subscription_than_planned_stops_the_run(tmp_path: Path) -> None:
    honest = engine(tmp_path, network_behind(lambda id_: id_))
    plan = honest.preview(stack(tmp_path))
    moved = stack(tmp_path, SUBSCRIPTION.replace("0001", "0002"))
    with pytest.raises(Refused, match="another subscription than planned"):
        honest.up(moved, plan=plan)
    assert honest.current_state([stack(tmp_path)]) == {}
