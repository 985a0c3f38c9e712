"""The project of Pulumi.yaml and its program."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from formats.errors import InputError
from formats.yaml_reader import read_mapping

Program = Callable[[], Any]


def project_name(root: Path) -> str:
    """Return the project's name in Pulumi.yaml. Raises `InputError` if there is none."""
    return str(_project(root)["name"])


def program_of(root: Path) -> Program:
    """Return the program that Pulumi.yaml names. Raises `InputError` if there is none.

    It runs as in Pulumi's own language host: as `__main__`, in its folder, with its name as the only argument.
    """
    project = _project(root)
    folder = (root / project.get("main", ".")).resolve()
    if not folder.exists():
        raise InputError("The program does not exist", file=str(root / "Pulumi.yaml"), key="main", found=str(folder))

    def run() -> Any:
        os.chdir(folder if folder.is_dir() else folder.parent)
        sys.argv = [str(folder)]
        runpy.run_path(str(folder), run_name="__main__")

    return run


def sdk_version(package: str) -> str:
    """Return the version of a package's installed SDK, which is also its provider's version."""
    try:
        return version(f"pulumi-{package}")
    except PackageNotFoundError:
        raise InputError("There is no SDK for this type's package", found=package) from None


def client_project(root: Path, address: str) -> str:
    """Return a Pulumi.yaml for a language host at an address, for commands without the option `--client`."""
    project = {key: value for key, value in _project(root).items() if key != "main"}  # the file may be in any folder
    return yaml.safe_dump({**project, "runtime": {"name": "client", "options": {"address": address}}})


def _project(root: Path) -> Mapping[str, Any]:
    file = root / "Pulumi.yaml"
    if not file.exists():
        raise InputError("This folder contains no Pulumi project", file=str(file))
    project = read_mapping(file)
    if not isinstance(project.get("name"), str):
        raise InputError("The project file has no name", file=str(file), key="name")
    return project
