"""The target of a command's report: a file, or stdout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from formats.errors import InputError
from operations.cli.session import Session
from operations.settings import write_whole

STDOUT = "-"


def refuse_unwritable(target: str | None) -> None:
    """Raise `InputError` if the target cannot be written. Called before the work starts."""
    if target in (None, STDOUT):
        return
    file = Path(target or "")
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise InputError("This file cannot be written.", file=target, fix="name a file in a folder that exists")


def write_text(session: Session, target: str, what: str, text: str | bytes) -> None:
    """Write a file atomically."""
    write_whole(Path(target), text)
    session.output.emit({"event": "written", "what": what, "file": target})


def write_json(session: Session, target: str, what: str, content: Mapping[str, Any]) -> None:
    """Write JSON to a file atomically, or to stdout, on one line with `--json`."""
    if target == STDOUT:
        session.output.line(json.dumps(content, ensure_ascii=False, indent=None if session.output.json else 2))
        return
    write_text(session, target, what, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    session.output.say(f"wrote {target}")
