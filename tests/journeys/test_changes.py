"""A deployed estate changes as its files do, with each engine, in steps that Azure accepts; then it goes down."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_azure import admin
from tests.journeys.conftest import Workspace
from tests.operations.estates import change
from tests.pulumi_cli import CLI, needs_cli

TENANCY = "tre-hcm-progression"
REQUEST = "requests/hcm-progression.yaml"
MACHINE = "azure-native:compute:VirtualMachine"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1IDdGQtx8ZP40TV/bhwypXXXXJy1kTySdCW0L+8XBK next"


def rotate_key(data: Any) -> None:
    """Name another break-glass key, and the present one as a former one."""
    data["former_admin_keys"] = [{"key": data["admin_public_key"], "approval": data["admin_key_approval"]}]
    data["admin_public_key"] = OTHER_KEY


def steps(workspace: Workspace, *options: str) -> dict[str, str]:
    """Return the operations of a preview of the tenancy, by type and name."""
    plans = workspace.plans(TENANCY, *options)
    return {f"{r['type'].split(':')[-1]} {r['urn'].split('::')[-1]}": r["operation"] for r in plans[TENANCY]}


def machine(workspace: Workspace) -> dict[str, Any]:
    """Return the virtual machine as the state has it."""
    resources = json.loads(workspace.checkpoint(TENANCY).read_text())["checkpoint"]["latest"]["resources"]
    found: dict[str, Any] = next(r for r in resources if r["type"] == MACHINE)
    return found


@pytest.mark.parametrize("engine", ["embedded", pytest.param("pulumi", marks=needs_cli)])
def test_an_estate_changes_and_goes_down(deployed: Workspace, engine: str) -> None:
    if engine == "pulumi":
        assert CLI is not None
        deployed.environ["PATH"] = f"{CLI.parent}:/usr/bin:/bin"
    with_engine = ("--engine", engine)
    before = machine(deployed)

    # Values of the whole estate: the mirror of packages, the break-glass key.
    deployed.edit("estate.yaml", "https://ubuntu.mirror.example/ubuntu", "https://ubuntu.mirror.example/other")
    change(deployed.estate / "estate.yaml", rotate_key)
    change(
        deployed.estate / "estate.yaml", lambda d: d.update(former_archives=["https://ubuntu.mirror.example/ubuntu"])
    )
    # Values of the project: a tier, the size of the machine, the size of the data disk, a tag.
    deployed.edit(REQUEST, "cool_after_days: 90", "cool_after_days: 60")
    deployed.edit(REQUEST, "Standard_NC24ads_A100_v4", "Standard_NC48ads_A100_v4")
    deployed.edit(REQUEST, "data_disk_gib: 1024", "data_disk_gib: 2048")
    deployed.edit(REQUEST, "cost_centre: RES-2217", "cost_centre: RES-2218")
    planned = steps(deployed, *with_engine)
    assert set(planned.values()) == {"update"}
    assert {"VirtualMachine desk", "Disk desk-data", "ManagementPolicy data"} <= planned.keys()
    told = deployed.sde("up", TENANCY, "--yes", *with_engine)
    assert (
        f"The desk of {TENANCY} keeps settings of the first boot that differ from the estate's: apt, break-glass key"
        in told
    )
    after = machine(deployed)
    assert after["id"] == before["id"]
    assert after["inputs"]["osProfile"] == before["inputs"]["osProfile"]
    assert after["inputs"]["hardwareProfile"]["vmSize"] == "Standard_NC48ads_A100_v4"
    assert steps(deployed, *with_engine) == {}

    # A replacement on purpose takes the estate's present values.
    deployed.edit(REQUEST, "  os_disk_gib: 128", "  os_disk_gib: 128\n  rebuilds: 1")
    planned = steps(deployed, *with_engine)
    assert planned.pop("VirtualMachine desk") == "replace"
    assert {name.split()[0] for name in planned} == {"VirtualMachineExtension", "RoleAssignment"}
    told = deployed.sde("up", TENANCY, "--yes", *with_engine)
    assert "settings of the first boot" not in told
    profile = machine(deployed)["inputs"]["osProfile"]
    assert profile["linuxConfiguration"]["ssh"]["publicKeys"][0]["keyData"] == OTHER_KEY
    assert profile["customData"] != before["inputs"]["osProfile"]["customData"]
    assert steps(deployed, *with_engine) == {}

    # The former key and archive are not named any more: no machine has them.
    change(deployed.estate / "estate.yaml", lambda d: (d.pop("former_admin_keys"), d.pop("former_archives")))
    assert steps(deployed, *with_engine) == {}
    deployed.sde("destroy", TENANCY, "--yes", *with_engine)
    left = admin.resources(deployed.home / "local" / "azure.db")
    assert not [entry.id for entry in left if "hcm-progression" in entry.id]
