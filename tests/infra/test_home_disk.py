"""The cloud-init settings of a desk's data disk, tried with cloud-init itself where it is installed."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from formats.egress import EgressRule
from infra.first_boot import first_boot
from infra.gpu_driver import gpu_driver_settings
from infra.home_disk import DEVICE, home_disk_settings
from infra.host_names import egress_lines, host_settings
from infra.package_sources import package_settings

CLOUD_INIT = shutil.which("cloud-init")
needs_cloud_init = pytest.mark.skipif(
    CLOUD_INIT is None, reason="needs cloud-init (Debian, Ubuntu: cloud-init); an older schema than the desks' own"
)
SYSTEM_PYTHON = "/usr/bin/python3"
"""The interpreter of the distribution's cloud-init."""
MIRROR = EgressRule.model_validate({
    "name": "mirror", "addresses": ["203.0.113.16/29"],
    "apt": "https://a.mirror.example/ubuntu", "pip": "https://a.mirror.example/simple"})  # fmt: skip
FORMAT = """
import json, sys
from cloudinit.config import cc_disk_setup as setup
definition, parts = json.load(sys.stdin)
disk = [{"name": "sdc", "type": "disk", "fstype": "", "label": ""}]
setup.assert_and_settle_device = lambda device: None
setup.os.path.realpath = lambda device: "/dev/sdc"
setup.enumerate_disk = lambda *_: iter(disk + parts)
setup.device_type = lambda device: "part"
setup.check_fs = lambda device: (parts[0]["label"], parts[0]["fstype"], "id")
setup.subp.which = lambda name: name
commands = []
setup.subp.subp = lambda command, **_: commands.append(command)
setup.mkfs(definition)
print(json.dumps(commands))
"""


def _formats(definition: dict[str, Any], kind: str, label: str) -> list[list[str]]:
    """Return the commands by which cloud-init formats a disk with one partition."""
    parts = [{"name": "sdc1", "type": "part", "fstype": kind, "label": label}]
    ended = subprocess.run([SYSTEM_PYTHON, "-c", FORMAT], input=json.dumps([definition, parts]), text=True,
                           capture_output=True, check=True)  # fmt: skip
    commands: list[list[str]] = json.loads(ended.stdout)
    return commands


@pytest.fixture
def definition() -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in home_disk_settings()["fs_setup"] if one["device"] == DEVICE)
    return found


@needs_cloud_init
class TestFormatting:
    """The choice of cloud-init, which `overwrite: false` alone does not decide."""

    def test_a_blank_partition_is_formatted(self, definition: dict[str, Any]) -> None:
        assert _formats(definition, "", "") == [["mkfs.ext4", "-L", "home", "/dev/sdc1"]]

    @pytest.mark.parametrize(("kind", "label"), [("ext4", "home"), ("ext4", "other"), ("ext4", ""), ("xfs", "home")])
    def test_a_file_system_is_kept(self, definition: dict[str, Any], kind: str, label: str) -> None:
        assert _formats(definition, kind, label) == []

    def test_a_partition_number_would_erase_another_label(self, definition: dict[str, Any]) -> None:
        assert _formats(definition | {"partition": 1}, "ext4", "other")


def _data(egress: tuple[EgressRule, ...]) -> str:
    driver = gpu_driver_settings("Standard_NC24ads_A100_v4", egress)
    return first_boot(home_disk_settings(), driver, host_settings(egress_lines(egress)), package_settings(egress))


@needs_cloud_init
@pytest.mark.parametrize("egress", [(), (MIRROR,)])
def test_the_schema_of_cloud_init_accepts_the_data(tmp_path: Path, egress: tuple[EgressRule, ...]) -> None:
    path = tmp_path / "user-data"
    path.write_bytes(base64.b64decode(_data(egress)))
    ended = subprocess.run([str(CLOUD_INIT), "schema", "--config-file", path], capture_output=True, text=True,
                           check=False)  # fmt: skip
    assert (ended.returncode, "deprecated" in ended.stdout + ended.stderr) == (0, False), ended.stdout + ended.stderr


@needs_cloud_init
def test_the_schema_of_cloud_init_refuses_wrong_data(tmp_path: Path) -> None:
    path = tmp_path / "user-data"
    path.write_bytes(base64.b64decode(first_boot(home_disk_settings() | {"mounts": "/home"})))
    ended = subprocess.run([str(CLOUD_INIT), "schema", "--config-file", path], capture_output=True, check=False)
    assert ended.returncode != 0


def test_only_the_partition_of_the_data_disk_is_mounted_as_home() -> None:
    settings = home_disk_settings()
    ((device, folder, kind, options, *_),) = settings["mounts"]
    assert (device, folder, kind) == (f"{DEVICE}-part1", "/home", "ext4")
    assert {"nofail", "nosuid", "nodev"} <= set(options.split(","))
    assert settings["disk_setup"][DEVICE]["overwrite"] is False


def test_the_emergency_account_has_its_keys_outside_of_the_data_disk() -> None:
    assert not home_disk_settings()["user"]["homedir"].startswith("/home")
