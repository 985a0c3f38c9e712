"""Install the local providers as plugins of a Pulumi CLI, in a `PULUMI_HOME` of their own."""

from __future__ import annotations

import importlib.metadata
import os
import secrets
from pathlib import Path

_EXECUTABLES = Path(__file__).resolve().parent / "bin"
_PACKAGES = ("azure-native", "random")


def install(pulumi_home: Path) -> None:
    """Link both providers into the plugin folder, under the versions of the installed SDKs.

    States may name other versions: their folders are kept, and linked to the local providers too.
    """
    plugins = pulumi_home / "plugins"
    for package in _PACKAGES:
        version = importlib.metadata.version(f"pulumi-{package}")
        (plugins / f"resource-{package}-v{version}").mkdir(parents=True, exist_ok=True)
        for folder in plugins.glob(f"resource-{package}-v*/"):
            _link(folder / executable(package), _EXECUTABLES / executable(package))


def on_path(path: str) -> bool:
    """Return True if a folder of this PATH has a provider, which a Pulumi CLI prefers to its plugin folder."""
    folders = [Path(folder) for folder in path.split(os.pathsep)]
    return any((folder / executable(package)).exists() for folder in folders for package in _PACKAGES)


def executable(package: str) -> str:
    """Return the file name of a package's provider plugin."""
    return f"pulumi-resource-{package}"


def _link(link: Path, target: Path) -> None:
    """Replace a link atomically, since a CLI may start at the same time."""
    if link.is_symlink() and link.readlink() == target:
        return
    temporary = link.with_name(f".{link.name}.{secrets.token_hex(8)}")
    temporary.symlink_to(target)
    temporary.replace(link)
