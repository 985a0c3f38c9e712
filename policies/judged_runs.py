"""The blocking findings that evaluations of the whole estate recorded, in one file for each stack.

A finding that exists without a change does not block it only if this record has it. So a violation that came into the
cloud without an evaluation blocks every change, until an evaluation of the whole estate has reported it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints

from formats.input_model import Model
from formats.validation import read_record
from policies.model import Finding

FOLDER = "judged"
STACK = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
Text = Annotated[str, StringConstraints(max_length=20_000)]


class RecordedFinding(Model):
    """The values that identify a finding. With another message it is another finding."""

    policy: Text
    urn: Text
    path: Text
    message: Text

    @classmethod
    def of(cls, finding: Finding) -> RecordedFinding:
        """Return the finding in the form of the record."""
        return cls(policy=finding.policy, urn=finding.urn, path=finding.path, message=finding.message)


class JudgedRun(Model):
    """One evaluation of the whole estate: its blocking findings on one stack."""

    format: Literal[1] = 1
    command: Annotated[str, StringConstraints(pattern=r"^[a-z -]{1,60}$")]
    """The command that evaluated, such as `policy check --all`."""
    at: datetime
    findings: tuple[RecordedFinding, ...]

    def __str__(self) -> str:
        return f"{self.command} of {self.at:%Y-%m-%d %H:%M} UTC"


class JudgedRuns:
    """The record in a folder. A stack without a file has no recorded findings."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` None: there is no record."""
        self.folder = folder
        self._run = cache(self._read)

    def of(self, finding: Finding) -> JudgedRun | None:
        """Return the run that recorded a finding, or None. `InputError` for a damaged record."""
        run = self._run(finding.stack)
        return run if run and RecordedFinding.of(finding) in run.findings else None

    def _read(self, stack: str) -> JudgedRun | None:
        file = self._file(stack)
        if file is None:
            return None
        fix = "delete it, then run scripts/sde policy check --all"
        return read_record(JudgedRun, file, damaged="The record of findings is damaged", fix=fix)

    def _file(self, stack: str) -> Path | None:
        return self.folder / f"{stack}.json" if self.folder and STACK.fullmatch(stack) else None

    def texts(self, command: str, at: datetime, stacks: Iterable[str], found: Iterable[Finding]) -> dict[Path, str]:
        """Return each stack's file with its new text, which is empty where the stack has no blocking finding."""
        by_stack: dict[str, list[Finding]] = {stack: [] for stack in stacks}
        for finding in found:
            by_stack.setdefault(finding.stack, []).append(finding)
        texts: dict[Path, str] = {}
        for stack, findings in by_stack.items():
            file = self._file(stack)
            run = JudgedRun(command=command, at=at, findings=tuple(map(RecordedFinding.of, findings)))
            if file:
                texts[file] = json.dumps(run.model_dump(mode="json"), ensure_ascii=False) + "\n" if findings else ""
        return texts


NOTHING_RECORDED = JudgedRuns(None)
