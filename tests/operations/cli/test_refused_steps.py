"""Steps that Azure refuses between two valid states are found in a plan, with what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from formats.errors import Refused
from formats.plan import Operation, Plan, PlannedResource
from operations.cli.refused_steps import (
    DISK,
    MACHINE,
    NETWORK_INTERFACE,
    PRIVATE_ENDPOINT,
    SUBNET,
    refuse_refused_steps,
    refused_steps,
)

STACK = "tre-hcm"
DISK_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/disks/data"


def planned(type_: str, old: dict[str, Any], new: dict[str, Any], operation: Operation = Operation.UPDATE,
            id_: str | None = None) -> PlannedResource:  # fmt: skip
    urn = f"urn:pulumi:{STACK}::sde::{type_}::one"
    names = {"resourceGroupName": "rg", "vmName": "vm", "diskName": "data"}
    before = {**names, **old} if operation in (Operation.UPDATE, Operation.REPLACE) else None
    return PlannedResource(urn, type_, operation, inputs={**names, **new}, old_inputs=before, id=id_)


def machine(before: str, after: str, operation: Operation = Operation.UPDATE) -> PlannedResource:
    old, new = ({"hardwareProfile": {"vmSize": size}} for size in (before, after))
    return planned(MACHINE, old, new, operation)


def system_disk(before: int, after: int, operation: Operation = Operation.UPDATE) -> PlannedResource:
    old, new = ({"storageProfile": {"osDisk": {"diskSizeGB": size}}} for size in (before, after))
    return planned(MACHINE, old, new, operation)


def disk(before: int, after: int, sku: str = "Premium_LRS") -> PlannedResource:
    return planned(DISK, {"diskSizeGB": before}, {"diskSizeGB": after, "sku": {"name": sku}}, id_=DISK_ID)


def attaching(caching: str = "ReadOnly", id_: str = DISK_ID) -> PlannedResource:
    entry = {"caching": caching, "managedDisk": {"id": id_}}
    return planned(MACHINE, {}, {"storageProfile": {"dataDisks": [entry]}}, Operation.SAME)


def reasons(*resources: PlannedResource) -> list[str]:
    return [step.reason for step in refused_steps(Plan("sde", STACK, "local", resources))]


@pytest.mark.parametrize(
    "resources",
    [
        (machine("Standard_D4s_v3", "Standard_D8s_v5"),),
        (machine("Standard_D8s_v5", "Standard_NC24ads_A100_v4"),),
        (system_disk(128, 64),),
        (system_disk(128, 256),),
        (disk(1024, 512),),
        (disk(1024, 8192), attaching("None")),
        (disk(4095, 4096), attaching("ReadOnly", DISK_ID.upper())),
        (disk(4096, 8192, "StandardSSD_LRS"), attaching("None")),
        (disk(1024, 8192, "PremiumV2_LRS"), attaching("ReadOnly")),
    ],
)
def test_refused_step_is_found(resources: tuple[PlannedResource, ...]) -> None:
    assert len(reasons(*resources)) == 1


@pytest.mark.parametrize(
    "resources",
    [
        (machine("Standard_D4s_v5", "Standard_D8s_v5"),),
        (machine("Standard_D4s_v3", "Standard_D8ds_v5"),),
        (machine("Standard_D4s_v3", "Standard_D8s_v5", Operation.REPLACE),),
        (machine("Standard_D4s_v3", "Custom_size"),),
        (system_disk(128, 64, Operation.REPLACE),),
        (system_disk(128, 128),),
        (disk(1024, 2048), attaching()),
        (disk(4095, 4096), attaching("None")),
        (disk(1024, 8192),),
        (disk(1024, 8192), attaching(id_=f"{DISK_ID}-other")),
        (disk(8192, 16384), attaching("None")),
        (disk(1024, 8192, "UltraSSD_LRS"), attaching("None")),
    ],
)
def test_accepted_step_is_not_found(resources: tuple[PlannedResource, ...]) -> None:
    assert reasons(*resources) == []


SUBNET_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/one"


@pytest.mark.parametrize(("used_by", "operation", "found"), [
    (NETWORK_INTERFACE, Operation.SAME, True), (PRIVATE_ENDPOINT, Operation.DELETE, True),
    (PRIVATE_ENDPOINT, Operation.CREATE, False), ("azure-native:network:RouteTable", Operation.SAME, False),
])  # fmt: skip
def test_a_subnet_with_addresses_in_use_keeps_its_range(used_by: str, operation: Operation, found: bool) -> None:
    prefixes = ({"addressPrefix": one} for one in ("10.65.1.0/26", "10.65.9.0/26"))
    subnet = planned(SUBNET, *prefixes, id_=SUBNET_ID)
    user = planned(used_by, {}, {"subnet": {"id": SUBNET_ID.upper()}}, operation)
    assert bool(reasons(subnet, user)) is found
    assert reasons(planned(SUBNET, {"addressPrefix": "a"}, {"addressPrefix": "a"}, id_=SUBNET_ID), user) == []


def test_refusal_names_steps_and_what_to_do() -> None:
    found = refused_steps(Plan("sde", STACK, "local", (disk(1024, 8192), attaching(), system_disk(128, 64))))
    with pytest.raises(Refused) as caught:
        refuse_refused_steps(STACK, found)
    told = str(caught.value)
    for part in ("tre-hcm: Azure refuses these steps", "virtual machine one", "rebuilds of the desk",
                 "disk one: from 1024",
                 "az vm disk detach -g rg --vm-name vm -n data", "scripts/sde refresh tre-hcm"):  # fmt: skip
        assert part in told
    refuse_refused_steps(STACK, ())
