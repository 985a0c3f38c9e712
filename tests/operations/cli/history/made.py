"""The history of an estate over months, made once for the tests that read it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from operations.diffs.meaning import Meaning
from tests.made_once import made_once
from tests.operations.cli.history.estate import LivingEstate, Recorded
from tests.operations.cli.history.steps import STEPS, Step

IS_WHOLE = os.environ.get("SDE_HISTORY") == "all"
"""True for every step (`scripts/soak`); otherwise those that are marked `always` are made."""
PEOPLE = ("priya.hollis", "owen.trevanion", "margit.ashdown")
"""Who runs the commands, in turn."""
DAYS_BETWEEN = 4
REPORT = "report"


@dataclass(frozen=True)
class Made:
    """One step as it was made."""

    name: str
    number: int
    became: str
    day: str
    user: str
    stack: str


@dataclass(frozen=True)
class History:
    """An estate with its ledger, and what was made."""

    folder: Path
    """The estate after all commands, which nobody changes: `LivingEstate` copies it."""
    steps: Sequence[Made]
    wrong: Sequence[str]
    """In what the ledger is not as the steps say."""
    now: datetime
    """The time after all of it."""

    def copy(self, folder: Path) -> LivingEstate:
        """Return the estate as it is then, in a new folder."""
        return LivingEstate(folder, source=self.folder, now=self.now)

    @property
    def report(self) -> Path:
        """The report that the real command wrote some days after the last step."""
        return self.folder / REPORT


def history() -> History:
    """Return the history."""
    folder = made_once("history", _make)
    made = json.loads((folder / "made.json").read_text())
    steps = [Made(**one) for one in made["steps"]]
    return History(folder, steps, made["wrong"], datetime.fromisoformat(made["now"]))


def _make(folder: Path) -> None:
    estate = LivingEstate(folder)
    wrong, made = list[str](), list[Made]()
    for step in STEPS:
        if not (step.always or IS_WHOLE):
            continue
        estate.now = _later(estate.now)
        estate.user = PEOPLE[len(made) % len(PEOPLE)]
        step.do(estate)
        code, said = estate.sde(step.command)
        found = estate.recorded()
        wrong += [f"{step.name}: {text}" for text in (*_problems(step, code, said, found), *_answers(step, estate))]
        day = str(estate.now.date())
        made += [Made(step.name, one.number, one.became, day, estate.user, one.stacks) for one in found]
    estate.now = _later(estate.now)
    estate.said(f"report -o {folder / REPORT}")  # here, because who approves is known in this folder alone
    (folder / "made.json").write_text(
        json.dumps({"steps": [asdict(one) for one in made], "wrong": wrong, "now": estate.now.isoformat()})
    )


def _later(now: datetime) -> datetime:
    """Return a morning some days later: what a step does is on one day."""
    return (now + timedelta(days=DAYS_BETWEEN)).replace(hour=9, minute=0)


def _problems(step: Step, code: int, said: str, found: Sequence[Recorded]) -> Iterator[str]:
    if code != step.code:
        yield f"exit code {code}: {said[-1500:]}"
    if len(found) != 1:
        yield f"is in the ledger {len(found)} times: {[(one.stacks, one.became) for one in found]}"
        return
    (one,) = found
    if one.stacks not in step.command:
        yield f"is of {one.stacks}"
    if one.became != step.became:
        yield f"became {one.became}"
    if one.beside != tuple(step.beside):
        yield f"has beside it {one.beside}"
    yield from _wrong_meanings(step, one)
    yield from _wrong_access(step.access, one.access)


def _answers(step: Step, estate: LivingEstate) -> Iterator[str]:
    for command, code, words in step.then:
        found, said = estate.sde(command)
        if found != code or words not in said:
            yield f"{command} answers {found}, without “{words}”: {said[-1500:]}"


def _wrong_meanings(step: Step, one: Recorded) -> Iterator[str]:
    found = {meaning: texts for meaning, texts in one.means.items() if meaning is not Meaning.HOUSEKEEPING}
    for meaning in {*found, *step.means}:
        words = step.means.get(meaning)
        if words is None:
            yield f"also {meaning.value}: {found[meaning]}"
        elif not any(words in text for text in found.get(meaning, ())):
            yield f"does not say that it {meaning.value}, “{words}”: {found.get(meaning)}"


def _wrong_access(expected: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    left = list(found)
    for line in expected:
        start, _, what = line.rpartition(": ")
        match = next((one for one in left if one.startswith(start) and what in one.removeprefix(start)), None)
        if match is None:
            yield f"access: not “{line}”"
        else:
            left.remove(match)
    yield from (f"access: also “{line}”" for line in left)
