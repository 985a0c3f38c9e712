"""The Pulumi project that Pulumi.yaml describes, and its program, run as Pulumi's own language host runs it."""

from __future__ import annotations

import contextlib
import importlib
import os
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from formats.errors import InputError

Program = Callable[[], Any]


def project_name(root: Path) -> str:
    """Read the project's name from Pulumi.yaml. `InputError` where there is none."""
    return str(_project(root)["name"])


def program_of(root: Path) -> Program:
    """Return the program that Pulumi.yaml names, to run as `__main__` in its folder. `InputError` if none."""
    project = _project(root)
    folder = (root / project.get("main", ".")).resolve()
    if not folder.exists():
        raise InputError("The program does not exist", file=str(root / "Pulumi.yaml"), key="main", found=str(folder))

    def run() -> Any:
        with _as_main(folder):
            runpy.run_path(str(folder), run_name="__main__")

    return run


def import_ahead(root: Path) -> None:
    """Import what the program's `preload.py` imports, where it has one: the engine asks for a run a second later."""
    folder = (root / _project(root).get("main", ".")).resolve()
    if (folder / "preload.py").exists():
        importlib.import_module(f"{folder.name}.preload")


@contextlib.contextmanager
def _as_main(folder: Path) -> Iterator[None]:
    """The process as the language host sets it up: in the program's folder, its name as the only argument.

    Afterwards it is as before, and modules of the program that nobody had before are forgotten, so that a second run
    in this process starts like the first.
    """
    where, arguments, path, modules = Path.cwd(), sys.argv, list(sys.path), set(sys.modules)
    os.chdir(folder if folder.is_dir() else folder.parent)
    sys.argv = [str(folder)]
    try:
        yield
    finally:
        os.chdir(where)
        sys.argv, sys.path[:] = arguments, path
        _forget(set(sys.modules) - modules, folder)


def _forget(names: set[str], folder: Path) -> None:
    """Drop the modules that came from a folder, also from the packages that hold them."""
    for name in names:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(folder):
            forgotten = sys.modules.pop(name)
            parent, _, child = name.rpartition(".")
            if parent in sys.modules and getattr(sys.modules[parent], child, None) is forgotten:
                delattr(sys.modules[parent], child)


def sdk_version(package: str) -> str:
    """The version of the installed SDK of a package, which is its provider's."""
    try:
        return version(f"pulumi-{package}")
    except PackageNotFoundError:
        raise InputError("There is no SDK for this type's package", found=package) from None


def served(root: Path, address: str) -> str:
    """Pulumi.yaml for a program that is served at an address, for commands which take none as an argument."""
    described = {key: value for key, value in _project(root).items() if key != "main"}  # it may stand in any folder
    return yaml.safe_dump({**described, "runtime": {"name": "client", "options": {"address": address}}})


def _project(root: Path) -> Mapping[str, Any]:
    file = root / "Pulumi.yaml"
    try:
        project = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        raise InputError("This folder holds no Pulumi project", file=str(file)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            "The project file cannot be read", file=str(file), found=str(error).replace("\n", " ")
        ) from None
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        raise InputError("The project file has no name", file=str(file), key="name")
    return project
