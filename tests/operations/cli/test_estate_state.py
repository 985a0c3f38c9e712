"""What the gate is shown beside the stack at hand: states, and in one command the plans that were made since."""

from __future__ import annotations

import io
from typing import Any

import pytest

from formats.errors import Failed, InputError
from policies.plan_evaluation import Neighbours
from tests.operations.cli.fakes import CliRunner, stack


def shown(sde: CliRunner) -> list[Neighbours]:
    assert sde.gate
    return [found for found in sde.gate.beside if found]


def names(neighbours: Neighbours) -> list[str]:
    return [plan.stack for plan in neighbours.standing]


def test_the_other_stacks_of_the_same_cloud_are_beside_it(sde: CliRunner) -> None:
    sde.engine.has = {"platform": ["a"], "safe-haven": ["a"], "platform-north": ["a"]}
    assert sde("preview", "safe-haven") == 0
    (found,) = shown(sde)
    assert names(found) == ["platform"]
    assert [plan.stack for plan in found.before] == ["safe-haven"]
    assert found.absent == ("tre-heart",)


def test_a_stack_that_the_estate_no_longer_has_and_that_stands_is_beside_it_too(sde: CliRunner) -> None:
    sde.catalog.orphaned_stacks = [stack("tre-old"), stack("tre-older")]
    sde.engine.has = {"platform": ["a"], "tre-old": ["a"]}
    assert sde("preview", "platform") == 0
    (found,) = shown(sde)
    assert "tre-old" in names(found)
    assert "tre-older" not in found.absent


def test_each_state_is_read_once_and_again_after_its_stack_changed(sde: CliRunner) -> None:
    assert sde("up", "platform", "safe-haven", "--yes") == 0
    assert [what for call, what in sde.engine.calls if call == "current_state"] == [
        "safe-haven tre-heart", "platform",
    ]  # fmt: skip
    first, second = shown(sde)
    assert (names(first), first.absent) == ([], ("safe-haven", "tre-heart"))
    assert (names(second), second.absent) == (["platform"], ("tre-heart",))
    assert [r.operation for r in second.standing[0].resources] == ["same", "same"]


def test_a_preview_of_several_looks_at_the_plans_that_it_made(sde: CliRunner) -> None:
    sde.engine.has = {"platform": ["a"], "safe-haven": ["a"], "tre-heart": ["a"]}
    assert sde("--cloud", "local", "preview", "--all") == 0
    _, second, third = shown(sde)
    assert [r.operation for plan in second.standing for r in plan.resources if plan.stack == "platform"] == [
        "same", "create",
    ]  # fmt: skip
    assert [len(plan.resources) for plan in third.standing] == [2, 2]
    assert [len(plan.resources) for plan in third.before] == [1]


def test_a_state_that_cannot_be_read_is_refused_with_its_fix_and_nothing_is_applied(sde: CliRunner) -> None:
    for error in (InputError("The state is damaged.", file="x.json", fix="restore it"), Failed("tre-heart: 403")):
        sde.engine.unreadable, sde.engine.calls = error, []
        assert sde("up", "platform", "--yes") == 3
        assert "platform cannot be evaluated with the rest of the estate" in sde.err
        assert "fix:" in sde.err
        assert "up" not in [call for call, _ in sde.engine.calls]


def test_a_check_of_some_stacks_is_beside_the_others(sde: CliRunner) -> None:
    sde.engine.has = {"platform": ["a"], "safe-haven": ["a"], "tre-heart": ["a"]}
    assert sde("policy", "check", "platform", "tre-heart") == 0
    (found,) = shown(sde)
    assert (names(found), [plan.stack for plan in found.before]) == (["safe-haven"], ["platform", "tre-heart"])


@pytest.mark.parametrize("before", [{"safe-haven": ["a"]}, {}])
def test_what_changes_while_a_person_thinks_is_judged_again(
    sde: CliRunner, monkeypatch: pytest.MonkeyPatch, before: dict[str, list[str]]
) -> None:
    class Slow(io.StringIO):
        def isatty(self) -> bool:
            return True

        def readline(self, *_: Any) -> str:
            sde.engine.has["safe-haven"] = ["a", "b"]
            return "y\n"

    monkeypatch.setattr("sys.stdin", Slow())
    sde.engine.has = {"platform": ["a"], **before}
    assert sde("up", "platform") == 3
    assert "platform was not changed: it was evaluated with safe-haven, which changed since" in sde.err
    assert "up" not in [call for call, _ in sde.engine.calls]
    assert sde("up", "platform") == 0
