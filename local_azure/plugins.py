"""Put the local Azure's providers where a Pulumi CLI looks for its plugins: into a `PULUMI_HOME` of their own."""

from __future__ import annotations

import importlib.metadata
import os
import secrets
from pathlib import Path

_EXECUTABLES = Path(__file__).resolve().parent / "bin"
_PACKAGES = ("azure-native", "random")


def install(pulumi_home: Path) -> None:
    """Link both providers into the plugin folder, under the versions of the installed SDKs.

    The folders of other versions stay, for states that name them; what stands there leads to the local Azure too.
    """
    plugins = pulumi_home / "plugins"
    for package in _PACKAGES:
        version = importlib.metadata.version(f"pulumi-{package}")
        (plugins / f"resource-{package}-v{version}").mkdir(parents=True, exist_ok=True)
        for folder in plugins.glob(f"resource-{package}-v*/"):
            _link(folder / executable(package), _EXECUTABLES / executable(package))


def on_path(path: str) -> bool:
    """Whether a folder of this PATH has a provider, which a Pulumi CLI takes before those in its plugin folder."""
    folders = [Path(folder) for folder in path.split(os.pathsep)]
    return any((folder / executable(package)).exists() for folder in folders for package in _PACKAGES)


def executable(package: str) -> str:
    """The name by which a Pulumi CLI looks for a package's provider."""
    return f"pulumi-resource-{package}"


def _link(link: Path, target: Path) -> None:
    """Replaced in one step, so that a CLI that starts now finds the old one or the new one."""
    if link.is_symlink() and link.readlink() == target:
        return
    temporary = link.with_name(f".{link.name}.{secrets.token_hex(8)}")
    temporary.symlink_to(target)
    temporary.replace(link)
