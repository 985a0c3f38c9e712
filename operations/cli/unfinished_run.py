"""The record of the last `up` of several stacks, until all of them are done: `sde up --continue` reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from formats.errors import InputError
from formats.input_model import Model
from formats.validation import read_record
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

    def begin(self, stacks: Sequence[str]) -> None:
        """Delete the record of an earlier run of several stacks, unless these are the stacks that it left."""
        run = self._run()
        if run and len(stacks) > 1 and run.left != list(stacks):
            self._file.unlink(missing_ok=True)

    def finish(self, stack: str, *, of: Sequence[str], everything: bool, will_repeat: bool = False) -> None:
        """Record that a stack is done, of a run of these stacks. When nothing is left, the record is deleted.

        The first finished stack of a run of several begins the record. `will_repeat`: the run deploys the stack again,
        so it is not done yet.
        """
        run = self._run()
        if len(of) > 1 and run is None:
            run = UnfinishedRun(estate=str(self.estate), everything=everything, stacks=tuple(of))
        if run and stack in run.left:
            self._write(run if will_repeat else run.model_copy(update={"done": (*run.done, stack)}))

    def read(self) -> UnfinishedRun:
        """Return the unfinished run of this estate. `InputError` if there is none."""
        run = self._run()
        if run is None:
            raise InputError("There is no unfinished run of this estate to continue.", key="--continue",
                             fix="scripts/sde up --all")  # fmt: skip
        return run

    def _run(self) -> UnfinishedRun | None:
        fix = "delete it, then run scripts/sde up --all"
        run = read_record(UnfinishedRun, self._file, damaged="The record of an unfinished run is damaged", fix=fix)
        return run if run and run.estate == str(self.estate) else None

    def _write(self, run: UnfinishedRun) -> None:
        if not run.left:
            self._file.unlink(missing_ok=True)
            return
        make_folder(self._file.parent)
        write_whole(self._file, json.dumps(run.model_dump(mode="json")) + "\n", mode=0o600)

    @property
    def _file(self) -> Path:
        return self.settings.home / FILE
