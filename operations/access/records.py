"""What the engines recorded of earlier runs on this machine: the state after each run, and when each right was made.

Both engines keep a history in Pulumi's file layout, below `history/PROJECT/STACK`: a file about each run, and a copy of
the state after it. A backend elsewhere keeps its own, which is not read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from formats.errors import InputError
from formats.json_reader import read_json
from formats.plan import Plan
from formats.pulumi_state import read_export
from formats.stack_config import StackConfig, parse
from operations.access.view import Origin
from operations.settings import PROJECT, Settings

_RUN = re.compile(r"(?P<stack>.+)-(?P<number>\d{10,20})\.history\.json")
_STACK = re.compile(r"[A-Za-z0-9_.-]{1,100}")
LARGEST = 256 * 1024 * 1024
"""The most bytes of a recorded state that is searched."""


@dataclass(frozen=True)
class Run:
    """One recorded run of a stack."""

    stack: str
    number: int
    """From 1, in the order of the runs."""
    kind: str
    result: str
    ended: datetime
    file: Path = field(repr=False)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The run in words."""
        failed = "" if self.result == "succeeded" else f" ({self.result})"
        return f"{self.kind} {self.number} of {self.stack}{failed}"

    @property
    def state_file(self) -> Path:
        """The file with the state after the run."""
        return self.file.with_name(self.file.name.removesuffix(".history.json") + ".checkpoint.json")


@dataclass(frozen=True)
class Records:
    """The recorded runs of a backend on this machine."""

    folder: Path | None
    """The backend's folder; None if it is elsewhere."""

    @classmethod
    def of(cls, settings: Settings) -> Records:
        """Return the records of the configured backend."""
        return cls(settings.backend_folder)

    def runs(self, stack: str) -> Sequence[Run]:
        """Return the runs of a stack, the earliest first. `InputError` for a record that cannot be read."""
        return [_run(stack, number, file) for number, file in self._files(stack)]

    def _files(self, stack: str) -> list[tuple[int, Path]]:
        """Return the numbers and files of a stack's runs, the earliest first."""
        if self.folder is None or not _STACK.fullmatch(stack):
            return []
        files = (self.folder / ".pulumi" / "history" / PROJECT / stack).glob("*.history.json")
        found = sorted((int(match["number"]), file) for file in files if (match := _RUN.fullmatch(file.name)))
        return list(enumerate((file for _, file in found), 1))

    def last_config(self, stack: str) -> StackConfig | None:
        """Return the configuration of the last run of a stack; None if it is not recorded or cannot be read."""
        for number, file in self._files(stack)[-1:]:
            try:
                return config_of(_run(stack, number, file))
            except InputError:  # a record only helps to name groups
                return None
        return None

    def as_of(self, stack: str, day: date) -> Plan | None:
        """Return a stack as the last run left it that ended on a day (UTC) or before; None if nothing was deployed.

        `InputError` if the state cannot be read.
        """
        run = self.last_run(stack, day)
        return _state_after(run) if run else None

    def last_run(self, stack: str, day: date) -> Run | None:
        """Return the last run of a stack that ended on a day (UTC) or before."""
        end = datetime.combine(day + timedelta(days=1), time(), UTC)
        return next((run for run in reversed(self.runs(stack)) if run.ended < end), None)

    def stacks(self) -> list[str]:
        """Return the names of the stacks with a record, destroyed ones too."""
        folder = self.folder / ".pulumi" / "history" / PROJECT if self.folder else None
        return sorted(f.name for f in folder.iterdir() if f.is_dir()) if folder and folder.is_dir() else []

    def origins(self, stack: str, ids: Iterable[str], day: date | None = None) -> Mapping[str, Origin]:
        """Return which run made each resource with one of these ARM ids, as far as it is recorded.

        It is the first run of those, up to a day, after which each state has the id.
        """
        left, found = set(ids), dict[str, Origin]()
        last = self.last_run(stack, day) if day else None
        runs = self.runs(stack)
        for run in reversed(runs[: last.number] if last else runs):
            there = set(_ids_in(run, left))
            left &= there
            found |= {id_: Origin(run.ended.isoformat().replace("+00:00", "Z"), run.name) for id_ in left}
            if not left:
                break
        return found


def _ids_in(run: Run, ids: Iterable[str]) -> Iterator[str]:
    try:
        with run.state_file.open("rb") as stream:
            content = stream.read(LARGEST).decode("utf-8", "replace").lower()
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError("This record cannot be read.", file=str(run.state_file), found=error.strerror) from None
    yield from (id_ for id_ in ids if f'"{id_}"' in content)


def _run(stack: str, number: int, file: Path) -> Run:
    content = read_json(file)
    try:
        kind, result, ended = content["kind"], content["result"], content["endTime"]
        return Run(stack, number, str(kind)[:40], str(result)[:40], datetime.fromtimestamp(int(ended), UTC), file,
                   content.get("config") or {})  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise InputError("This is not the record of a run.", file=str(file)) from None


def _state_after(run: Run) -> Plan | None:
    if not run.state_file.exists():
        raise InputError("The state after this run was not kept.", file=str(run.state_file), found=run.name)
    content = read_json(run.state_file)
    checkpoint = content.get("checkpoint") if isinstance(content, dict) else None
    if not isinstance(checkpoint, dict):
        raise InputError("This is not a recorded state.", file=str(run.state_file), key="checkpoint")
    exported = {"version": content.get("version"), "deployment": checkpoint.get("latest")}
    return read_export(exported, file=str(run.state_file), config=run.config)


def config_of(run: Run) -> StackConfig | None:
    """Return the configuration that a run recorded; None if this version cannot read it."""
    try:
        return parse(run.stack, run.config)
    except InputError:
        return None
