"""A plan is applied only if the policies pass it."""

from __future__ import annotations

import json

import pytest

from operations.cli.gate import show
from operations.cli.output import Output
from policies.model import PolicyContext
from policies.runner import evaluate
from tests.operations.cli.fakes import CliRunner, FakeGate, resource
from tests.operations.reports.samples import TODAY, granted
from tests.people import MARY
from tests.policies.world import catalogue, store


def gate(sde: CliRunner) -> FakeGate:
    assert sde.gate
    return sde.gate


def test_up_is_refused_before_anything_is_applied(sde: CliRunner) -> None:
    gate(sde).refuses = {"platform"}
    assert sde("up", "platform", "--yes") == 3
    assert "up" not in [call for call, _ in sde.engine.calls]
    assert "The policies refuse platform: 1 fail" in sde.err
    assert "Shut it." in sde.out


def test_up_stops_at_the_refused_stack_and_names_it(sde: CliRunner) -> None:
    gate(sde).refuses = {"safe-haven"}
    assert sde("--cloud", "local", "up", "--all", "--yes") == 3
    assert [name for call, name in sde.engine.calls if call == "up"] == ["platform"]
    assert "safe-haven" in sde.err


def test_a_refused_plan_is_not_offered_for_confirmation(sde: CliRunner) -> None:
    gate(sde).refuses = {"platform"}
    assert sde("up", "platform") == 3
    assert "[y/N]" not in sde.out


def test_a_passing_stack_prints_one_line(sde: CliRunner) -> None:
    assert sde("up", "platform", "--yes") == 0
    assert sde.out.count("policies:") == 1
    assert "policies: 1 check passes" in sde.out


def test_preview_shows_every_plan_and_then_refuses(sde: CliRunner) -> None:
    sde.engine.has = {"platform": ["a"], "safe-haven": ["a"]}
    gate(sde).refuses = {"platform"}
    assert sde("preview", "platform", "safe-haven", "--json") == 3
    assert [line["event"] for line in sde.lines] == [*2 * ["plan", "diff", "verdict"], "error"]
    assert [line["verdict"] for line in sde.lines if line["event"] == "verdict"] == ["refused", "passed"]


def test_the_verdict_line_names_policy_resource_and_path(sde: CliRunner) -> None:
    gate(sde).refuses = {"platform"}
    sde("preview", "platform", "--json")
    (finding,) = sde.lines[2]["findings"]
    assert (finding["policy"], finding["path"], finding["verdict"]) == ("XX1", "open", "fail")


def test_destroy_does_not_evaluate_policies(sde: CliRunner) -> None:
    sde.engine.has = {"platform": ["a"]}
    gate(sde).refuses = {"platform"}
    assert sde("destroy", "platform", "--yes") == 0


def test_the_real_gate_refuses_a_store_without_settings(sde: CliRunner) -> None:
    sde.gate = None
    sde.engine.plans = {"platform": (resource("data"),)}
    assert sde("up", "platform", "--yes") == 3
    assert "up" not in [call for call, _ in sde.engine.calls]
    assert "ST1" in sde.out


@pytest.mark.parametrize("as_json", [False, True])
def test_a_passing_verdict_names_each_exemption_and_its_people(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    report = evaluate(PolicyContext([store("exempt", public=True)]), catalogue(), today=TODAY, exemptions=granted())
    show(report, Output(json=as_json))
    out = capsys.readouterr().out
    if as_json:
        (used,) = json.loads(out)["exemptions"]
        assert (used["owner"], used["approver"], used["people"]["approver"]["id"]) == (
            "Ada <b>Lovelace", "Mary Seacole", str(MARY.id))  # fmt: skip
    else:
        assert "exempt until 2026-05-01 (intake), owner Ada <b>Lovelace, approved by Mary Seacole: The trust" in out
