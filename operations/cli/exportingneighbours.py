"""`sde export neighbours`: what stands of every stack, for the policy pack of the official Pulumi CLI."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from formats.errors import InputError
from formats.plan import Plan
from operations.cli.estate_state import standing
from operations.cli.options import command
from operations.cli.session import Session
from operations.cli.text import plural
from operations.settings import write_whole

STATES = "stacks"
CONFIGURATION = "policy-pack-config.json"
"""What `--policy-pack-config` takes."""
Folder = Annotated[
    str, typer.Option("--output", "-o", metavar="FOLDER", help="Made, or written anew.", show_default=False)
]


@command(allow_expired=True)
def neighbours(
    session: Session,
    *,
    output: Folder,
) -> None:
    """What stands of every stack, secrets masked, and the configuration by which the policy pack judges beside it.

    pulumi preview --policy-pack policies --policy-pack-config FOLDER/policy-pack-config.json; again after each up.
    """
    folder = _empty(Path(output).absolute())
    found = _standing(session)
    for name, plan in found.items():
        write_whole(folder / STATES / f"{name}.json", json.dumps(plan.to_json(), ensure_ascii=False) + "\n")
    paths = {"enforcementLevel": "mandatory", "paths": [str(folder / STATES)]}
    write_whole(folder / CONFIGURATION, json.dumps({"neighbours": paths}, indent=2) + "\n")
    session.output.emit({"event": "exported", "what": "neighbours", "stacks": list(found), "folder": str(folder)})
    session.output.say(f"wrote {plural(len(found), 'stack')} to {folder}")


def _standing(session: Session) -> Mapping[str, Plan]:
    stacks = [s for s in session.known if session.cloud in (None, s.cloud)]
    found = standing(session, stacks)
    if not found:
        raise InputError("No stack is up, so that there is nothing to judge beside.", fix="scripts/sde up --all")
    return found


def _empty(folder: Path) -> Path:
    """The folder without what an earlier export left: a stack that is gone since must not count as there."""
    ours = (folder / CONFIGURATION).is_file()
    if folder.exists() and not ours and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("This folder holds something else.", file=str(folder), fix="name a new or an empty one")
    shutil.rmtree(folder / STATES, ignore_errors=True)
    try:
        (folder / STATES).mkdir(parents=True)
    except OSError as error:
        raise InputError("This folder cannot be made.", file=str(folder), found=error.strerror) from None
    return folder
