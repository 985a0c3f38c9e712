"""The neighbours that the gate receives: states, or plans made earlier in the command."""

from __future__ import annotations

import io
from typing import Any

import pytest

from formats.errors import Failed, InputError
from operations.cli.deploy import Deployment
from policies.plan_evaluation import Neighbours
from tests.operations.cli.fakes import CliRunner, stack


def shown(sde: CliRunner) -> list[Neighbours]:
    assert sde.gate
    return [found for found in sde.gate.neighbours if found]


def names(neighbours: Neighbours) -> list[str]:
    return [found.name for found in neighbours.deployed]


def test_the_other_stacks_of_the_cloud_are_neighbours(sde: CliRunner) -> None:
    sde.engine.has = {"platform": ["a"], "safe-haven": ["a"], "platform-north": ["a"]}
    assert sde("preview", "safe-haven") == 0
    (found,) = shown(sde)
    assert names(found) == ["platform"]
    assert [one.name for one in found.before] == ["safe-haven"]


def test_a_deployed_orphaned_stack_is_a_neighbour(sde: CliRunner) -> None:
    sde.catalog.orphaned_stacks = [stack("tre-old", is_orphaned=True), stack("tre-older", is_orphaned=True)]
    sde.engine.has = {"platform": ["a"], "tre-old": ["a"]}
    assert sde("preview", "platform") == 0
    (found,) = shown(sde)
    assert "tre-old" in names(found)
    assert "tre-older" not in names(found)


def test_a_state_is_read_again_only_after_its_stack_changed(sde: CliRunner) -> None:
    assert sde("up", "platform", "safe-haven", "--yes") == 0
    assert [what for call, what in sde.engine.calls if call == "deployed"] == [
        "safe-haven tre-heart", "platform",
    ]  # fmt: skip
    first, second = shown(sde)
    assert (names(first), names(second)) == ([], ["platform"])
    assert [r.operation for r in second.deployed[0].load().resources] == ["same", "same"]


def test_a_preview_of_several_stacks_uses_their_plans(sde: CliRunner) -> None:
    sde.engine.has = {"platform": ["a"], "safe-haven": ["a"], "tre-heart": ["a"]}
    assert sde("--cloud", "local", "preview", "--all") == 0
    _, second, third, whole = shown(sde)
    (platform,) = [found.load() for found in second.deployed if found.name == "platform"]
    assert [r.operation for r in platform.resources] == ["same", "create"]
    assert [len(found.load().resources) for found in third.deployed] == [2, 2]
    assert [len(found.load().resources) for found in third.before] == [1]
    assert (names(whole), len(whole.before)) == ([], 3)


def test_an_unreadable_state_is_refused_with_its_fix(sde: CliRunner) -> None:
    for error in (InputError("The state is damaged.", file="x.json", fix="restore it"), Failed("tre-heart: 403")):
        sde.engine.unreadable, sde.engine.calls = error, []
        assert sde("up", "platform", "--yes") == 3
        assert "platform cannot be evaluated with the rest of the estate" in sde.err
        assert "fix:" in sde.err
        assert "up" not in [call for call, _ in sde.engine.calls]


def test_a_check_of_some_stacks_has_the_others_as_neighbours(sde: CliRunner) -> None:
    sde.engine.has = {"platform": ["a"], "safe-haven": ["a"], "tre-heart": ["a"]}
    assert sde("policy", "check", "platform", "tre-heart") == 0
    (found,) = shown(sde)
    assert (names(found), [one.name for one in found.before]) == (["safe-haven"], ["platform", "tre-heart"])


@pytest.mark.parametrize("before", [{"safe-haven": ["a"]}, {}])
def test_neighbours_that_change_before_the_answer_are_refused(
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


def test_a_plan_that_is_being_applied_counts_as_deployed(sde: CliRunner) -> None:
    """Stacks that are deployed side by side are evaluated with each other."""
    sde.engine.has = {"platform": ["a"]}
    session = sde.session()
    first, second = stack("tre-a", "platform"), stack("tre-b", "platform")
    sde.catalog.stacks = [*sde.catalog.stacks, first, second]
    deployment = Deployment(session, [first, second], yes=True)
    deployment.planned(first, sde.engine.preview(first.settings))
    sde.engine.calls = []
    deployment.planned(second, sde.engine.preview(second.settings))
    neighbours = {found.name: found.load() for found in shown(sde)[-1].deployed}
    assert [r.operation for r in neighbours["tre-a"].resources] == ["create", "create"]
    assert "tre-a" not in str([names for call, names in sde.engine.calls if call == "deployed"])  # it is locked
