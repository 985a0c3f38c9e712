"""Choose the engine that runs a stack: the official Pulumi CLI if it is installed, else the embedded engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from formats.errors import InputError
from operations.engine import installed_cli
from operations.engine.port import Engine
from operations.settings import Settings, make_folder

if TYPE_CHECKING:
    from operations.engine.pulumi_cli import PulumiCli


def choose(choice: str, cloud: str, settings: Settings) -> Engine:
    """Return the engine for stacks of this cloud. `auto` uses a CLI on PATH; `pulumi` also one that was built."""
    if cloud == "local":
        from local_azure.store import settings_beside  # noqa: PLC0415

        settings_beside(settings.local_db)  # a bad file is reported here, not by a provider in the middle of a run
    if choice == "embedded":
        return _embedded(cloud, settings)
    command = installed_cli.on_path(settings)
    if command is None and choice == "auto":
        return _embedded(cloud, settings)
    command = command or installed_cli.built(settings)
    if command is None:
        raise InputError(
            "--engine pulumi needs the Pulumi CLI, and no working `pulumi` is on PATH.",
            fix=f"{installed_cli.INSTALL}; or build it: scripts/pulumi-cli",
        )
    return _pulumi(command, cloud, settings)


def local_cli(settings: Settings) -> PulumiCli | None:
    """Return the `pulumi` on PATH, configured for the local Azure, or None."""
    command = installed_cli.on_path(settings)
    return _pulumi(command, "local", settings) if command else None


def _pulumi(command: Path, cloud: str, settings: Settings) -> PulumiCli:
    from operations.engine.pulumi_cli import PulumiCli  # noqa: PLC0415 - imports the Pulumi SDK

    seconds = settings.program_seconds
    if cloud == "local":
        local = settings.local_environment()
        return PulumiCli(settings.root, local, creates_stacks=True, command=command, program_seconds=seconds)
    _refuse_local_shell(settings)
    return PulumiCli(settings.root, {}, creates_stacks=False, command=command, program_seconds=seconds)


def _refuse_local_shell(settings: Settings) -> None:
    """Refuse a shell made by `sde local env`: requests meant for real Azure would go to the local one."""
    if settings.environ.get("SDE_LOCAL_AZURE"):
        raise InputError(
            "This stack is for real Azure, and this shell is set up for the local one.",
            key="SDE_LOCAL_AZURE",
            found=settings.environ["SDE_LOCAL_AZURE"],
            fix='open a new shell, without eval "$(scripts/sde local env)"',
        )


def _embedded(cloud: str, settings: Settings) -> Engine:
    if cloud != "local":
        raise InputError(
            "The embedded engine runs stacks of the local Azure only; this one is for real Azure.",
            key="sde:cloud",
            found=cloud,
            allowed="local",
            fix=installed_cli.INSTALL,
        )
    folder = settings.backend_folder
    if folder is None:
        raise InputError(
            "The embedded engine keeps its state in a folder.",
            key="PULUMI_BACKEND_URL",
            found=settings.backend_url,
            allowed="file://…",
            fix="unset it, or " + installed_cli.INSTALL,
        )
    from operations.engine.embedded.engine import EmbeddedEngine  # noqa: PLC0415 - imports the Pulumi SDK
    from operations.engine.program_process import ProgramProcess  # noqa: PLC0415

    make_folder(settings.local_db.parent)
    make_folder(folder)
    program = ProgramProcess(settings.root, settings.program_seconds)
    return EmbeddedEngine(
        settings.root, folder, lambda: _servicers(settings), lambda: settings.passphrase("local"), program
    )


def _servicers(settings: Settings) -> dict[str, Any]:
    """Return the local Azure's providers. `InputError` if its file is damaged or of another version."""
    from local_azure import create_providers  # noqa: PLC0415
    from local_azure.store import StoreError  # noqa: PLC0415

    try:
        return create_providers(settings.local_db)
    except StoreError as error:
        raise InputError(
            "The local Azure's file cannot be used.", file=str(settings.local_db), found=str(error)
        ) from None
