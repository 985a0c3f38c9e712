"""What the gate is shown beside the stack at hand: states, and in one command the plans that were made since."""

from __future__ import annotations

import io
from typing import Any

import pytest

from formats.errors import Failed, InputError
from policies.plan_evaluation import Neighbours
from tests.operations.cli.fakes import Desk, stack


def shown(desk: Desk) -> list[Neighbours]:
    assert desk.gate
    return [found for found in desk.gate.beside if found]


def names(neighbours: Neighbours) -> list[str]:
    return [plan.stack for plan in neighbours.standing]


def test_the_other_stacks_of_the_same_cloud_are_beside_it(desk: Desk) -> None:
    desk.engine.has = {"platform": ["a"], "safe-haven": ["a"], "platform-north": ["a"]}
    assert desk("preview", "safe-haven") == 0
    (found,) = shown(desk)
    assert names(found) == ["platform"]
    assert [plan.stack for plan in found.before] == ["safe-haven"]
    assert found.absent == ("tre-heart",)


def test_a_stack_that_the_estate_no_longer_has_and_that_stands_is_beside_it_too(desk: Desk) -> None:
    desk.catalog.orphaned_stacks = [stack("tre-old"), stack("tre-older")]
    desk.engine.has = {"platform": ["a"], "tre-old": ["a"]}
    assert desk("preview", "platform") == 0
    (found,) = shown(desk)
    assert "tre-old" in names(found)
    assert "tre-older" not in found.absent


def test_each_state_is_read_once_and_again_after_its_stack_changed(desk: Desk) -> None:
    assert desk("up", "platform", "safe-haven", "--yes") == 0
    assert [what for call, what in desk.engine.calls if call == "standing"] == [
        "safe-haven tre-heart", "platform",
    ]  # fmt: skip
    first, second = shown(desk)
    assert (names(first), first.absent) == ([], ("safe-haven", "tre-heart"))
    assert (names(second), second.absent) == (["platform"], ("tre-heart",))
    assert [r.operation for r in second.standing[0].resources] == ["same", "same"]


def test_a_preview_of_several_looks_at_the_plans_that_it_made(desk: Desk) -> None:
    desk.engine.has = {"platform": ["a"], "safe-haven": ["a"], "tre-heart": ["a"]}
    assert desk("--cloud", "local", "preview", "--all") == 0
    _, second, third = shown(desk)
    assert [r.operation for plan in second.standing for r in plan.resources if plan.stack == "platform"] == [
        "same", "create",
    ]  # fmt: skip
    assert [len(plan.resources) for plan in third.standing] == [2, 2]
    assert [len(plan.resources) for plan in third.before] == [1]


def test_a_state_that_cannot_be_read_is_refused_with_its_fix_and_nothing_is_applied(desk: Desk) -> None:
    for error in (InputError("The state is damaged.", file="x.json", fix="restore it"), Failed("tre-heart: 403")):
        desk.engine.unreadable, desk.engine.calls = error, []
        assert desk("up", "platform", "--yes") == 3
        assert "platform cannot be evaluated with the rest of the estate" in desk.err
        assert "fix:" in desk.err
        assert "up" not in [call for call, _ in desk.engine.calls]


def test_a_check_of_some_stacks_is_beside_the_others(desk: Desk) -> None:
    desk.engine.has = {"platform": ["a"], "safe-haven": ["a"], "tre-heart": ["a"]}
    assert desk("policy", "check", "platform", "tre-heart") == 0
    (found,) = shown(desk)
    assert (names(found), [plan.stack for plan in found.before]) == (["safe-haven"], ["platform", "tre-heart"])


@pytest.mark.parametrize("before", [{"safe-haven": ["a"]}, {}])
def test_what_changes_while_a_person_thinks_is_judged_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, before: dict[str, list[str]]
) -> None:
    class Slow(io.StringIO):
        def isatty(self) -> bool:
            return True

        def readline(self, *_: Any) -> str:
            desk.engine.has["safe-haven"] = ["a", "b"]
            return "y\n"

    monkeypatch.setattr("sys.stdin", Slow())
    desk.engine.has = {"platform": ["a"], **before}
    assert desk("up", "platform") == 3
    assert "platform was not changed: it was evaluated with safe-haven, which changed since" in desk.err
    assert "up" not in [call for call, _ in desk.engine.calls]
    assert desk("up", "platform") == 0
