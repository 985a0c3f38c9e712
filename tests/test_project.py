"""The project as a newcomer finds it: its locks, its scripts, and what the official Pulumi CLI reads of it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from operations.settings import ROOT

LOCKS = ("requirements.txt", "requirements/checkov.txt", "requirements/uv.txt")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_its_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages = [line for line in text.replace("\\\n", " ").splitlines() if "==" in line and not line.startswith(" ")]
    assert packages
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text


def test_the_lock_holds_all_that_the_project_asks_for() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    asked = re.search(r"dependencies = \[(.*?)\n\]", project, flags=re.S)
    assert asked
    names = re.findall(r'^  "([a-z0-9-]+)', asked[1], flags=re.M)
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), flags=re.M))
    assert set(names) <= locked


def test_pulumi_finds_the_program_and_the_environment() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    assert project["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}
    assert (ROOT / project["main"] / "__main__.py").is_file()


def test_pulumi_can_ask_the_environment_which_plugins_it_needs() -> None:
    assert importlib.util.find_spec("pip")
    for package, plugin in (("pulumi_azure_native", "azure-native"), ("pulumi_random", "random")):
        spec = importlib.util.find_spec(package)
        assert spec
        assert spec.origin
        said = json.loads((Path(spec.origin).parent / "pulumi-plugin.json").read_text())
        assert (said["resource"], said["name"]) == (True, plugin)


def test_scripts_work_from_any_folder(tmp_path: Path) -> None:
    for command in (ROOT / "scripts" / "sde", os.path.relpath(ROOT / "scripts" / "sde", tmp_path)):
        run = subprocess.run([command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert run.stdout.startswith("sde ")


def test_a_machine_without_a_recent_python_is_told_what_to_do(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    script = f'ROOT="{tmp_path}"; . "{ROOT}/scripts/environment.sh"; find_python'
    run = subprocess.run(["/bin/bash", "-c", script], env={"PATH": str(tmp_path) + ":/usr/bin-none"},
                         capture_output=True, text=True, check=False)  # fmt: skip
    assert run.returncode != 0
    assert "Python 3.11 or later" in run.stderr
    assert "fix:" in run.stderr


def test_the_entry_point_cures_the_sdk_before_it_is_used() -> None:
    source = (ROOT / "infra" / "__main__.py").read_text()
    assert source.index("speed.speed_up()") < source.index("import pulumi\n")


def test_no_module_is_longer_than_a_sitting() -> None:
    rooms = ("infra", "local_azure", "operations", "policies")
    long = {
        str(file.relative_to(ROOT)): lines
        for room in rooms
        for file in (ROOT / room).rglob("*.py")
        if (lines := len(file.read_text().splitlines())) > 450
    }
    assert not long


def test_this_python_is_one_the_project_promises() -> None:
    assert sys.version_info >= (3, 11)
