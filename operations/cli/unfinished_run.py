"""The record of the last `up` of several stacks, until all of them are done: `sde up --continue` reads it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from formats.errors import InputError
from formats.input_model import Model
from formats.json_reader import read_json
from formats.validation import validated
from operations.settings import Settings, make_folder, write_whole

FILE = "unfinished-run.json"


class UnfinishedRun(Model):
    """The stacks of a run, and those that are done."""

    format: Literal[1] = 1
    estate: str
    everything: bool
    """True for a run of all stacks."""
    stacks: tuple[str, ...]
    done: tuple[str, ...] = ()

    @property
    def left(self) -> list[str]:
        """The stacks that are not done, in dependency order."""
        return [name for name in self.stacks if name not in self.done]


@dataclass(frozen=True)
class RunFile:
    """The record of one estate's unfinished run."""

    settings: Settings
    estate: Path

    def write(self, stacks: Sequence[str], done: Collection[str], *, everything: bool) -> None:
        """Record a run. Without stacks that are left, there is nothing to continue."""
        run = UnfinishedRun(estate=str(self.estate), everything=everything, stacks=tuple(stacks), done=tuple(done))
        if not run.left:
            self._file.unlink(missing_ok=True)
            return
        make_folder(self._file.parent)
        write_whole(self._file, json.dumps(run.model_dump(mode="json")) + "\n", mode=0o600)

    def read(self) -> UnfinishedRun:
        """Return the unfinished run of this estate. `InputError` if there is none."""
        if self._file.exists():
            run = validated(UnfinishedRun, read_json(self._file), file=str(self._file))
            if run.estate == str(self.estate):
                return run
        raise InputError("There is no unfinished run of this estate to continue.", key="--continue",
                         fix="scripts/sde up --all")  # fmt: skip

    @property
    def _file(self) -> Path:
        return self.settings.home / FILE
