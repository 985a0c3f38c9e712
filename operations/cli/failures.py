"""How a command ends: each kind of failure as one clear message and its exit code; never a traceback."""

from __future__ import annotations

import errno
import os
import re
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

import typer
from rich.text import Text

from formats.errors import Exit, Failed, InputError, Refused
from operations.cli.output import Output, paragraph
from operations.settings import Settings, make_folder

USAGE = typer.BadParameter.__mro__[1]
"""Typer's own error of wrong use: it keeps its copy of Click private."""
_OURS = (
    (InputError, Exit.WRONG_USE, "bad-input"),
    (Refused, Exit.REFUSED, "refused"),
    (Failed, Exit.FAILED, "failed"),
)
_LONGEST = 1_000
"""Characters of one part of a message: what was found may be a whole file."""
_INTERRUPTED = "interrupted. What was finished is in the state; the same command carries on from there."
_UNUSABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR,
             errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG, errno.EFBIG, errno.EMFILE}  # fmt: skip
_SECRET_NAMES = re.compile(r"PASSPHRASE$|SECRET|TOKEN|PASSWORD|_KEY$|CREDENTIAL", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"(?i)(sig=|accountkey=|sharedaccesskey=|password=|bearer )[^\s;&\"']+")


def end(error: BaseException, output: Output, settings: Settings) -> int:
    """Say what went wrong where people read, and in JSON where that was asked for; the exit code."""
    if isinstance(error, USAGE) and type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
        return Exit.WRONG_USE
    code, kind, message = _reading(error, settings)
    output.emit({"event": "error", "kind": kind, "code": code, "message": message, **_parts(error)})
    head, _, rest = paragraph(message).partition("\n")
    output.err.print(
        Text.assemble(("error: ", "bold red"), head, f"\n{rest}" if rest else ""), soft_wrap=not output.err.is_terminal
    )
    return code


def _reading(error: BaseException, settings: Settings) -> tuple[int, str, str]:
    for type_, code, kind in _OURS:
        if isinstance(error, type_):
            return code, kind, str(error)
    if isinstance(error, USAGE):
        return Exit.WRONG_USE, "usage", f"{_usage(error)}\n  fix:     see --help"
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return (
            130,
            "interrupted",
            _INTERRUPTED,
        )
    if isinstance(error, OSError) and error.errno in _UNUSABLE:
        return Exit.WRONG_USE, "machine", _machine(error)
    return Exit.FAILED, "bug", _bug(error, settings)


def _usage(error: BaseException) -> str:
    formatted = getattr(error, "format_message", None)
    return str(formatted() if formatted else error).replace("Value error, ", "")


def _machine(error: OSError) -> str:
    """What the machine would not do: a full disk, a folder that may not be written."""
    why = error.strerror or os.strerror(error.errno or 0)
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    fix = "make room on the disk, then run again" if full else None
    return str(InputError("This machine would not do it.", file=_name(error.filename), found=why, fix=fix))


def _name(filename: object) -> str | None:
    return os.fsdecode(filename) if isinstance(filename, str | bytes | os.PathLike) else None


def _parts(error: BaseException) -> dict[str, str]:
    """The parts of a message about input, for machines."""
    if not isinstance(error, InputError):
        return {}
    parts = {key: getattr(error, key) for key in ("file", "key", "found", "allowed", "fix")}
    return {key: str(value)[:_LONGEST] for key, value in parts.items() if value is not None}


def _bug(error: BaseException, settings: Settings) -> str:
    """An error that nobody foresaw: one line, and the details in a file that only its owner reads."""
    line = scrubbed(f"{type(error).__name__}: {error}".splitlines()[0][:200], settings.environ)
    details = scrubbed("".join(traceback.format_exception(error)), settings.environ)
    try:
        file = _log(details, settings.log_folder)
    except OSError:
        return f"this is a mistake in the program: {line}"
    return f"this is a mistake in the program: {line}\n  details: {file}"


def _log(text: str, folder: Path) -> Path:
    make_folder(folder)
    file = folder / f"sde-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.log"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(f"arguments: {' '.join(sys.argv[1:3])}\n{text}")
    return file


def scrubbed(text: str, environ: Mapping[str, str]) -> str:
    """The text without what looks like a secret, or is one of the environment's."""
    for name, value in environ.items():
        if len(value) >= 4 and _SECRET_NAMES.search(name):
            text = text.replace(value, "[secret]")
    return _SECRET_TEXT.sub(r"\1[secret]", text)
