"""Errors of a command as one message and an exit code, without a traceback."""

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

from formats.errors import Exit, InputError, SdeError
from operations.cli.hints import with_hints
from operations.cli.output import Output, printable_lines
from operations.settings import Settings, make_folder

USAGE = typer.BadParameter.__mro__[1]
"""Typer's usage error, the base class of `BadParameter`: its copy of Click is private."""
_LONGEST = 1_000
"""Characters of one part of a message: `found` may be a whole file."""
_INTERRUPTED = "interrupted. Finished steps are in the state; run the same command to continue."
_UNUSABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR,
             errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG, errno.EFBIG, errno.EMFILE}  # fmt: skip
_SECRET_NAMES = re.compile(r"PASSPHRASE$|SECRET|TOKEN|PASSWORD|_KEY$|CREDENTIAL", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"(?i)(sig=|accountkey=|sharedaccesskey=|password=|bearer )[^\s;&\"']+")


def end(error: BaseException, output: Output, settings: Settings) -> int:
    """Print the error to stderr, and as JSON with `--json`. Return the exit code."""
    if isinstance(error, USAGE) and type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
        return Exit.WRONG_USE
    code, kind, message = classified(error, settings)
    output.emit({"event": "error", "kind": kind, "code": code, "message": message, **_parts(error)})
    head, _, rest = printable_lines(message).partition("\n")
    output.err.print(
        Text.assemble(("error: ", "bold red"), head, f"\n{rest}" if rest else ""), soft_wrap=not output.err.is_terminal
    )
    return code


def is_closed_pipe(error: BaseException) -> bool:
    """True if the reader of the output has ended, as `head` does: also where Rich or Typer end the process for that."""
    return isinstance(error, BrokenPipeError) or (
        isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError)
    )


def classified(error: BaseException, settings: Settings) -> tuple[int, str, str]:
    """Return the exit code, the kind and the message of an error."""
    if isinstance(error, SdeError):
        return error.exit_code, error.kind, with_hints(str(error))
    if isinstance(error, USAGE):
        return Exit.WRONG_USE, "usage", f"{_usage(error)}\n  fix:     see --help"
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return 130, "interrupted", _INTERRUPTED
    if isinstance(error, OSError) and error.errno in _UNUSABLE:
        return Exit.WRONG_USE, "machine", _machine(error)
    return Exit.FAILED, "bug", _bug(error, settings)


def _usage(error: BaseException) -> str:
    formatted = getattr(error, "format_message", None)
    return str(formatted() if formatted else error).replace("Value error, ", "")


def _machine(error: OSError) -> str:
    """Return the message for an error of the operating system, such as a full disk or a read-only folder."""
    reason = error.strerror or os.strerror(error.errno or 0)
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    fix = "free space on the disk, then run again" if full else None
    return str(InputError("The operating system refused.", file=_name(error.filename), found=reason, fix=fix))


def _name(filename: object) -> str | None:
    return os.fsdecode(filename) if isinstance(filename, str | bytes | os.PathLike) else None


def _parts(error: BaseException) -> dict[str, str]:
    """Return the parts of an `InputError` for JSON."""
    if not isinstance(error, InputError):
        return {}
    found = {key: value for key, value in error.parts.items() if key != "problem" and value is not None}
    return {key: str(value)[:_LONGEST] for key, value in found.items()}


def _bug(error: BaseException, settings: Settings) -> str:
    """Return one line on an unexpected error. Its traceback goes to a file that only its owner can read."""
    line = scrubbed(f"{type(error).__name__}: {error}".splitlines()[0][:200], settings.environ)
    details = scrubbed("".join(traceback.format_exception(error)), settings.environ)
    try:
        file = _log(details, settings.log_folder)
    except OSError:
        return f"internal error, a bug in the program: {line}"
    return f"internal error, a bug in the program: {line}\n  details: {file}"


def _log(text: str, folder: Path) -> Path:
    make_folder(folder)
    file = folder / f"sde-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.log"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(f"arguments: {' '.join(sys.argv[1:3])}\n{text}")
    return file


def scrubbed(text: str, environ: Mapping[str, str]) -> str:
    """Mask values of the environment's secret variables, and text that looks like a secret."""
    for name, value in environ.items():
        if len(value) >= 4 and _SECRET_NAMES.search(name):
            text = text.replace(value, "[secret]")
    return _SECRET_TEXT.sub(r"\1[secret]", text)
