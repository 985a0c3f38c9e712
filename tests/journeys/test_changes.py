"""A deployed estate changes as its files do, with each engine and in an Azure under load; then it goes down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local_azure import admin
from local_azure.load.setting import Load
from local_azure.store import Store
from operations.settings import ROOT
from tests.journeys.conftest import WITHOUT_POLICIES, Workspace
from tests.operations.estates import change
from tests.pulumi_cli import CLI, needs_cli
from tests.soak import in_soak_alone

DATABASE = "local/azure.db"
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


PREVIEWED = ("--engine", "embedded")
"""The engine of the previews, which takes a third of the CLI's time. `tests/parity/` has both make equal plans."""


@pytest.mark.parametrize("engine", ["embedded", pytest.param("pulumi", marks=[needs_cli, in_soak_alone])])
def test_an_estate_changes_and_goes_down(deployed: Workspace, engine: str) -> None:
    if engine == "pulumi":
        assert CLI is not None
        deployed.environ["PATH"] = f"{CLI.parent}:/usr/bin:/bin"
        deployed.open_gate = WITHOUT_POLICIES  # which evaluate equal plans of the other engine
    admin.set_load(deployed.home / DATABASE, Load.BUSY)
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
    planned = steps(deployed, *PREVIEWED)
    assert set(planned.values()) == {"update"}
    assert {"VirtualMachine desk", "Disk desk-data", "ManagementPolicy data"} <= planned.keys()
    told = deployed.sde("up", TENANCY, "--yes", *with_engine)
    assert (
        f"The desk main of {TENANCY} keeps settings of the first boot that differ from the estate's: "
        "apt, break-glass key" in told
    )
    after = machine(deployed)
    assert after["id"] == before["id"]
    assert after["inputs"]["osProfile"] == before["inputs"]["osProfile"]
    assert after["inputs"]["hardwareProfile"]["vmSize"] == "Standard_NC48ads_A100_v4"

    # A replacement on purpose takes the estate's present values. Nothing else is left to change.
    deployed.edit(REQUEST, "  os_disk_gib: 128", "  os_disk_gib: 128\n  rebuilds: 1")
    planned = steps(deployed, *PREVIEWED)
    assert planned.pop("VirtualMachine desk") == "replace"
    assert {name.split()[0] for name in planned} == {"VirtualMachineExtension", "RoleAssignment"}
    told = deployed.sde("up", TENANCY, "--yes", *with_engine)
    assert "settings of the first boot" not in told
    profile = machine(deployed)["inputs"]["osProfile"]
    assert profile["linuxConfiguration"]["ssh"]["publicKeys"][0]["keyData"] == OTHER_KEY
    assert profile["customData"] != before["inputs"]["osProfile"]["customData"]

    # The former key and archive are not named any more: no machine has them, and nothing is left to change.
    change(deployed.estate / "estate.yaml", lambda d: (d.pop("former_admin_keys"), d.pop("former_archives")))
    assert steps(deployed, *PREVIEWED) == {}
    deployed.sde("destroy", TENANCY, "--yes", *with_engine)
    left = admin.resources(deployed.home / DATABASE)
    assert not [entry.id for entry in left if "hcm-progression" in entry.id]


KEY_TYPE = "azure-native:keyvault:Key"
PROGRAM = """
import runpy, sys
sys.path.insert(0, {root!r})
from infra.components import key_vault
key_vault.EXPIRE_AFTER = "P2Y"
runpy.run_path({program!r}, run_name="__main__")
"""


def changed_in_azure(workspace: Workspace, type_: str, change_: Callable[[dict[str, Any]], None]) -> list[str]:
    """Change each resource of a type as Azure or a person would. Return the ids of the tenancy's."""
    store = Store(workspace.home / "local" / "azure.db")
    found = [one for one in store.of_type(type_) if "hcm-progression" in one.id]
    for one in found:
        properties = json.loads(json.dumps(one.properties))
        change_(properties)
        store.put(replace(one, properties=properties), one.id.split("/")[2], store.secrets(one.id))
    store.close()
    return [one.id for one in found]


def rotated(properties: dict[str, Any]) -> None:
    """Give a key, and a disk encryption set that follows it, another version."""
    if "activeKey" in properties:
        properties["activeKey"]["keyUrl"] = f"{properties['activeKey']['keyUrl'].rpartition('/')[0]}/{'f' * 32}"
    else:
        properties["keyUriWithVersion"] = f"{properties['keyUri']}/{'f' * 32}"


@pytest.mark.parametrize("refreshed", [False, True])
def test_an_up_after_a_rotation_keeps_the_new_version(deployed: Workspace, refreshed: bool) -> None:
    deployed.open_gate = WITHOUT_POLICIES
    changed_in_azure(deployed, KEY_TYPE, rotated)
    (set_,) = changed_in_azure(deployed, "azure-native:compute:DiskEncryptionSet", rotated)
    if refreshed:
        deployed.sde("refresh", TENANCY, "--yes")
        assert steps(deployed) == {}
    deployed.edit(REQUEST, "cost_centre: RES-2217", "cost_centre: RES-2218")
    deployed.sde("up", TENANCY, "--yes")
    store = Store(deployed.home / DATABASE)
    found = store.get(set_)
    store.close()
    assert found is not None
    assert found.properties["tags"]["cost-centre"] == "RES-2218"
    assert found.properties["activeKey"]["keyUrl"].endswith(f"/{'f' * 32}")
    assert steps(deployed) == {}


def test_a_changed_rotation_policy_is_refused_until_azure_has_it(deployed: Workspace, tmp_path: Path) -> None:
    program = tmp_path / "project/infra/__main__.py"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM.format(root=str(ROOT), program=str(ROOT / "infra")))
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path / "project")
    deployed.project = tmp_path / "project"
    deployed.open_gate = WITHOUT_POLICIES
    told = deployed.sde("up", TENANCY, "--yes", code=3)
    assert f"{KEY_TYPE} keys-data would be replaced" in told
    assert "az keyvault key rotation-policy update" in told
    assert f"scripts/sde refresh {TENANCY}" in told

    def in_azure(properties: dict[str, Any]) -> None:
        properties["rotationPolicy"]["attributes"]["expiryTime"] = "P2Y"

    changed_in_azure(deployed, KEY_TYPE, in_azure)
    deployed.sde("refresh", TENANCY, "--yes")
    assert steps(deployed) == {}


def test_another_data_class_is_refused_for_the_keys(deployed: Workspace) -> None:
    deployed.edit("estate.yaml", "platform_team:", "confidential_orchestrator: bf7b6499-ff71-4aa2-97a4-f372087be7f1\n"
                  "platform_team:")  # fmt: skip
    deployed.edit(REQUEST, "data_class: de-identified", "data_class: identifiable")
    deployed.edit(REQUEST, "Standard_NC24ads_A100_v4", "Standard_DC8ads_v5")
    deployed.edit(REQUEST, "template: bespoke-imaging", "template: bespoke-confidential")
    told = deployed.sde("preview", TENANCY, code=3)
    assert f"{KEY_TYPE} keys-data would be replaced" in told
    assert "follow the data class" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Standard_NC24ads_A100_v4", "Standard_D8s_v5", "(with a temporary disk) to Standard_D8s_v5 (without one)"),
        ("os_disk_gib: 128", "os_disk_gib: 64", "system disk from 128 to 64 GiB: a disk never shrinks"),
    ],
)
def test_refused_resize_of_a_desk_is_valid_with_a_rebuild(deployed: Workspace, old: str, new: str, told: str) -> None:
    deployed.edit(REQUEST, old, new)
    if old.startswith("Standard_NC"):  # another template of the same kind, which changes nothing else
        deployed.edit(REQUEST, "template: bespoke-imaging", "template: bespoke-tabular")
    deployed.sde("render")
    deployed.open_gate = WITHOUT_POLICIES
    before = deployed.bytes()
    refused = deployed.sde("up", TENANCY, "--yes", code=3)
    assert told in refused
    assert "rebuilds of the desk" in refused
    assert deployed.bytes() == before
    deployed.edit(REQUEST, "data_disk_gib: 1024", "rebuilds: 1\n  data_disk_gib: 1024")
    assert steps(deployed)["VirtualMachine desk"] == "replace"


@pytest.mark.parametrize(("size", "told"), [(512, "set data_disk_gib back to 1024"), (8192, "az vm disk detach")])
def test_refused_size_of_a_data_disk_changes_nothing(deployed: Workspace, size: int, told: str) -> None:
    deployed.edit(REQUEST, "data_disk_gib: 1024", f"data_disk_gib: {size}")
    deployed.open_gate = WITHOUT_POLICIES
    assert told in deployed.sde("preview", TENANCY, code=3)
