"""A history of an estate: each change is in the ledger once, with its meaning and what it does to access.

`SDE_HISTORY=all` makes every step (`scripts/soak`); otherwise those that are marked `always`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from operations.diffs.meaning import Meaning
from tests.operations.cli.history.estate import LivingEstate, Recorded
from tests.operations.cli.history.steps import STEPS, Step

IS_SOAK = os.environ.get("SDE_HISTORY") == "all"


def test_the_history_has_forty_changes() -> None:
    assert len({step.name for step in STEPS}) == len(STEPS) >= 40


def test_each_change_is_recorded_once_with_its_meaning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    estate = LivingEstate(tmp_path / "estate", capsys)
    wrong, numbers = list[str](), dict[int, str]()
    for step in STEPS:
        if not (step.always or IS_SOAK):
            continue
        step.do(estate)
        code, said = estate.sde(step.command)
        found = estate.recorded()
        wrong += [f"{step.name}: {text}" for text in (*_problems(step, code, said, found), *_answers(step, estate))]
        numbers |= {one.number: one.became for one in found}
    assert not wrong, "\n".join(wrong)
    listed = [(line["change"], line["result"]) for line in estate.lines("history")][-len(numbers) :]
    assert listed == list(numbers.items())
    code, said = estate.sde("ledger verify")
    assert (code, "The ledger verifies." in said) == (0, True), said


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
