"""Nothing is applied that the policies have not passed, whichever engine would."""

from __future__ import annotations

from tests.operations.cli.fakes import Desk, FakeGate, resource


def gate(desk: Desk) -> FakeGate:
    assert desk.gate
    return desk.gate


def test_up_is_refused_before_anything_is_applied(desk: Desk) -> None:
    gate(desk).refuses = {"platform"}
    assert desk("up", "platform", "--yes") == 3
    assert "up" not in [call for call, _ in desk.engine.calls]
    assert "The policies refuse platform: 1 fail" in desk.err
    assert "Shut it." in desk.out


def test_up_stops_at_the_stack_that_is_refused_and_says_which(desk: Desk) -> None:
    gate(desk).refuses = {"safe-haven"}
    assert desk("--cloud", "local", "up", "--all", "--yes") == 3
    assert [name for call, name in desk.engine.calls if call == "up"] == ["platform"]
    assert "safe-haven" in desk.err


def test_nobody_is_asked_about_what_is_refused(desk: Desk) -> None:
    gate(desk).refuses = {"platform"}
    assert desk("up", "platform") == 3
    assert "[y/N]" not in desk.out


def test_a_stack_that_passes_costs_one_line(desk: Desk) -> None:
    assert desk("up", "platform", "--yes") == 0
    assert desk.out.count("policies:") == 1
    assert "policies: 1 check passes" in desk.out


def test_preview_shows_every_plan_and_then_refuses(desk: Desk) -> None:
    desk.engine.has = {"platform": ["a"], "safe-haven": ["a"]}
    gate(desk).refuses = {"platform"}
    assert desk("preview", "platform", "safe-haven", "--json") == 3
    assert [line["event"] for line in desk.lines] == ["plan", "verdict", "plan", "verdict", "error"]
    assert [line["verdict"] for line in desk.lines if line["event"] == "verdict"] == ["refused", "passed"]


def test_the_verdict_line_names_policy_resource_and_path(desk: Desk) -> None:
    gate(desk).refuses = {"platform"}
    desk("preview", "platform", "--json")
    (finding,) = desk.lines[1]["findings"]
    assert (finding["policy"], finding["path"], finding["verdict"]) == ("XX1", "open", "fail")


def test_destroy_is_not_held_back_by_what_is_wrong_with_what_goes(desk: Desk) -> None:
    desk.engine.has = {"platform": ["a"]}
    gate(desk).refuses = {"platform"}
    assert desk("destroy", "platform", "--yes") == 0


def test_the_real_gate_refuses_a_store_without_settings(desk: Desk) -> None:
    desk.gate = None
    desk.engine.plans = {"platform": (resource("data"),)}
    assert desk("up", "platform", "--yes") == 3
    assert "up" not in [call for call, _ in desk.engine.calls]
    assert "ST1" in desk.out
