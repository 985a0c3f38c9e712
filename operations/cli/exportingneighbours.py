"""`sde export neighbours`: the deployed state of every stack, for the policy pack of the Pulumi CLI."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from formats.errors import InputError
from formats.plan import Plan
from operations.cli.estate_state import deployed_states
from operations.cli.options import command
from operations.cli.session import Session
from operations.cli.text import plural
from operations.settings import write_whole

STATES, JUDGED = "stacks", "judged"
CONFIGURATION = "policy-pack-config.json"
"""The file for `--policy-pack-config`."""
Folder = Annotated[
    str,
    typer.Option("--output", "-o", metavar="FOLDER", help="New, empty, or an earlier export.", show_default=False),
]


@command(accepts_orphaned=True)
def neighbours(
    session: Session,
    *,
    output: Folder,
) -> None:
    """Export every stack's deployed state, secrets masked, and the recorded findings, for the policy pack.

    pulumi preview --policy-pack policies --policy-pack-config FOLDER/policy-pack-config.json. Repeat after each up.

    Example: sde export neighbours -o neighbours.
    """
    folder = _empty(Path(output).absolute())
    found = _deployed(session)
    for name, plan in found.items():
        write_whole(folder / STATES / f"{name}.json", json.dumps(plan.to_json(), ensure_ascii=False) + "\n")
    judged = session.judged_runs.folder
    if judged and judged.is_dir():
        shutil.copytree(judged, folder / JUDGED)
    configuration = {"enforcementLevel": "mandatory", "paths": [str(folder / STATES)], "judged": str(folder / JUDGED)}
    write_whole(folder / CONFIGURATION, json.dumps({"neighbours": configuration}, indent=2) + "\n")
    session.output.emit({"event": "exported", "what": "neighbours", "stacks": list(found), "folder": str(folder)})
    session.output.say(f"wrote {plural(len(found), 'stack')} to {folder}")


def _deployed(session: Session) -> Mapping[str, Plan]:
    stacks = [s for s in session.known if session.cloud in (None, s.cloud)]
    found = deployed_states(session, stacks)
    if not found:
        raise InputError("No stack is up: there is no state to export.", fix="scripts/sde up --all")
    return found


def _empty(folder: Path) -> Path:
    """Return the folder, emptied of an earlier export: it may contain stacks that were destroyed since."""
    ours = (folder / CONFIGURATION).is_file()
    if folder.exists() and not ours and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("This folder contains other files.", file=str(folder), fix="name a new or an empty folder")
    for earlier in (STATES, JUDGED):
        shutil.rmtree(folder / earlier, ignore_errors=True)
    try:
        (folder / STATES).mkdir(parents=True)
    except OSError as error:
        raise InputError("This folder cannot be created.", file=str(folder), found=error.strerror) from None
    return folder
