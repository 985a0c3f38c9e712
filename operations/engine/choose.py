"""Which engine runs a stack: the official Pulumi CLI where it is installed, the embedded engine otherwise."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from operations.engine.port import Engine
from operations.errors import BadInput
from operations.settings import Settings, make_folder

if TYPE_CHECKING:
    from operations.engine.pulumi_cli import PulumiCli

_INSTALL = "install the Pulumi CLI: https://www.pulumi.com/docs/iac/download-install/"


def choose(choice: str, cloud: str, settings: Settings) -> Engine:
    """The engine for stacks of this cloud. `auto` takes the CLI if it is on PATH and answers."""
    if choice == "embedded" or (choice == "auto" and not answers(settings)):
        return _embedded(cloud, settings)
    if not answers(settings):
        raise BadInput("--engine pulumi needs the Pulumi CLI, and no working `pulumi` is on PATH.", fix=_INSTALL)
    return _pulumi(cloud, settings)


def answers(settings: Settings) -> bool:
    """Whether there is a `pulumi` on PATH that says its version: not a broken link, nor another machine's binary."""
    command = shutil.which("pulumi", path=settings.environ.get("PATH"))
    if command is None:
        return False
    try:
        environment = {**settings.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        done = subprocess.run([command, "version"], env=environment, capture_output=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _pulumi(cloud: str, settings: Settings) -> Engine:
    if cloud == "local":
        return local_cli(settings)
    from operations.engine.pulumi_cli import PulumiCli  # noqa: PLC0415 - imports the Pulumi SDK

    _refuse_local_shell(settings)
    return PulumiCli(settings.root, {}, creates_stacks=False)


def local_cli(settings: Settings) -> PulumiCli:
    """The Pulumi CLI pointed at the local Azure."""
    from operations.engine.pulumi_cli import PulumiCli  # noqa: PLC0415

    return PulumiCli(settings.root, settings.local_environment(), creates_stacks=True)


def _refuse_local_shell(settings: Settings) -> None:
    """In a shell made by `sde local env` the local Azure answers: it must never be taken for the real one."""
    if settings.environ.get("SDE_LOCAL_AZURE"):
        raise BadInput(
            "This stack is for real Azure, and this shell is set up for the local one.",
            key="SDE_LOCAL_AZURE",
            found=settings.environ["SDE_LOCAL_AZURE"],
            fix='open a new shell, without eval "$(scripts/sde local env)"',
        )


def _embedded(cloud: str, settings: Settings) -> Engine:
    if cloud != "local":
        raise BadInput(
            "The embedded engine runs stacks of the local Azure only; this one is for real Azure.",
            key="sde:cloud",
            found=cloud,
            allowed="local",
            fix=_INSTALL,
        )
    folder = settings.backend_folder
    if folder is None:
        raise BadInput(
            "The embedded engine keeps its state in a folder.",
            key="PULUMI_BACKEND_URL",
            found=settings.backend_url,
            allowed="file://…",
            fix="unset it, or " + _INSTALL,
        )
    from operations.engine.embedded.engine import EmbeddedEngine  # noqa: PLC0415 - imports the Pulumi SDK

    make_folder(settings.local_db.parent)
    make_folder(folder)
    return EmbeddedEngine(settings.root, folder, lambda: _servicers(settings), lambda: settings.passphrase("local"))


def _servicers(settings: Settings) -> dict[str, Any]:
    """The local Azure's providers; its file may be damaged, or another version's."""
    from local_azure import servicers  # noqa: PLC0415
    from local_azure.store import StoreError  # noqa: PLC0415

    try:
        return servicers(settings.local_db)
    except StoreError as error:
        raise BadInput(
            "The local Azure's file cannot be used.", file=str(settings.local_db), found=str(error)
        ) from None
