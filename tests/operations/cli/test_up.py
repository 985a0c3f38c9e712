from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from formats.errors import Failed, InputError
from formats.plan import Operation, Plan
from operations.cli.unfinished_run import FILE
from policies.model import Verdict
from policies.plan_evaluation import Neighbours
from policies.runner import Report
from tests.operations.cli.fakes import CliRunner, FakeGate, resource, stack


def test_stacks_are_deployed_in_dependency_order(sde: CliRunner) -> None:
    assert sde("up", "tre-heart", "platform", "safe-haven", "--yes") == 0
    assert [name for what, name in sde.engine.calls if what == "up"] == ["platform", "safe-haven", "tre-heart"]
    assert "Where to look next" in sde.out


def test_a_second_run_reports_nothing_to_change(sde: CliRunner) -> None:
    sde("up", "--all", "--cloud", "local", "--yes")
    assert sde("up", "--all", "--cloud", "local", "--yes") == 0
    assert "Nothing to change in any stack" in sde.out
    assert "Where to look next" not in sde.out


def test_the_summary_has_the_time_of_deployment_and_of_the_policies_beside_the_whole(sde: CliRunner) -> None:
    assert sde("up", "--all", "--cloud", "local", "--yes", "--parallel", "1") == 0
    assert re.search(
        r"3 stacks, [\d,]+ resources, \d\.\d s: deployment \d\.\d s, policies \d\.\d s, planning and start", sde.out
    )
    assert "deployed in policies in" in sde.out
    assert "the whole estate" in sde.out
    sde("up", "--all", "--cloud", "local", "--yes", "--json")
    (summary,) = [line for line in sde.lines if line["event"] == "summary"]
    assert 0 <= summary["policies_seconds"] <= summary["seconds"]


def test_quiet_leaves_out_single_resources_and_further_commands_but_no_refusal(sde: CliRunner) -> None:
    sde.catalog.differing = [Path("Pulumi.platform.yaml")]
    assert sde("up", "platform", "--yes", "--quiet") == 0
    assert "created" not in sde.out.split("stack ")[0]
    assert "wrote" not in sde.out
    assert "Where to look next" not in sde.out
    assert "1 stack, 2 resources" in sde.out
    sde.engine.plans = {"platform": (resource("a", Operation.DELETE, protect=True),)}
    assert sde("up", "platform", "--yes", "--quiet") == 3
    assert "protected" in sde.err


def test_no_confirmation_without_changes(sde: CliRunner) -> None:
    sde("up", "platform", "--yes")
    assert sde("up", "platform") == 0
    assert "Nothing to change in platform" in sde.out


def test_without_a_terminal_yes_is_required(sde: CliRunner) -> None:
    assert sde("up", "platform") == 2
    assert "add --yes" in sde.err
    assert ("up", "platform") not in sde.engine.calls


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 3), ("\n", 3), ("", 3)])
def test_only_yes_confirms(sde: CliRunner, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert sde("up", "platform") == code
    assert (("up", "platform") in sde.engine.calls) == (code == 0)


class Terminal:
    def __init__(self, answer: str) -> None:
        self.readline = lambda: answer

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("operation", [Operation.DELETE, Operation.REPLACE])
def test_deleting_or_replacing_protected_resources_is_refused(sde: CliRunner, operation: Operation) -> None:
    sde.engine.plans["platform"] = (resource("records", operation, protect=True), resource("other", Operation.UPDATE))
    assert sde("up", "platform", "--yes") == 3
    assert "records" in sde.err
    assert "fix:" in sde.err
    assert ("up", "platform") not in sde.engine.calls


def test_a_protected_resource_may_be_updated(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (resource("records", Operation.UPDATE, protect=True),)
    assert sde("up", "platform", "--yes") == 0


def test_a_pending_delete_is_judged_except_by_a_run_of_deletes(sde: CliRunner) -> None:
    sde.gate = FakeGate(refuses_pending_deletes=True)
    left = resource("left", Operation.DELETE, id="/subscriptions/x", pending_delete=True)
    sde.engine.plans["platform"] = (resource("kept", Operation.SAME), left)
    assert sde("preview", "platform") == 3
    assert "It exists until its delete succeeds" in sde.out
    assert "on storage account left of platform" in sde.out
    assert sde("up", "platform", "--yes") == 0
    sde.engine.plans["platform"] = (resource("new"), left)
    assert sde("up", "platform", "--yes") == 3


def test_a_stack_requires_its_platform(sde: CliRunner) -> None:
    assert sde("up", "safe-haven", "--yes") == 2
    assert "scripts/sde up platform" in sde.err
    assert sde.engine.calls == []


def test_a_destroyed_platform_does_not_count(sde: CliRunner) -> None:
    sde.engine.has["platform"] = []
    assert sde("up", "safe-haven", "--yes") == 2


def test_a_failure_stops_the_stacks_that_need_the_failed_one(sde: CliRunner) -> None:
    sde.engine.fails = Failed("Azure said no")
    assert sde("up", "--all", "--cloud", "local", "--yes") == 1
    assert sde.err.count("error: ") == 1
    assert "error: platform: Azure said no" in sde.err
    assert "0 of 3 stacks done" in sde.out
    assert "  failed:      platform\n  not reached: safe-haven, tre-heart" in sde.out
    assert [call for call, _ in sde.engine.calls if call in ("preview", "up")] == ["preview"]


TENANCIES = ("tre-heart", "tre-lung", "tre-liver")


@pytest.mark.parametrize("without", [TENANCIES[:1], TENANCIES[1:], TENANCIES])
def test_tenancies_of_an_interrupted_run_do_not_refuse_each_other(sde: CliRunner, without: tuple[str, ...]) -> None:
    """Those that wait count with their plans, so that two do not wait for each other."""
    sde.catalog.stacks = [stack("platform"), *(stack(name, "platform") for name in TENANCIES)]
    assert sde("up", "platform", "--yes") == 0
    sde.gate = GateOfPairs()
    sde.engine.has |= {name: ["a"] for name in without}
    assert sde("up", *TENANCIES, "--yes") == 0
    done = [name for what, name in sde.engine.calls if what == "up"]
    assert sorted(done) == sorted(["platform", *TENANCIES])
    first = f"{TENANCIES[0]} waits for {' and '.join(sorted({*without} - {TENANCIES[0]}))}, whose present state"
    assert (first in sde.out) == (len(without) > 1)


def test_an_incomplete_stack_that_fails_refuses_those_that_waited_for_it(sde: CliRunner) -> None:
    sde.catalog.stacks = [stack("platform"), *(stack(name, "platform") for name in TENANCIES[:2])]
    sde("up", "platform", "--yes")
    sde.gate = GateOfPairs()
    sde.engine.has["tre-lung"] = ["a"]
    sde.engine.plans["tre-lung"] = (
        resource("a", Operation.SAME, protect=True),
        resource("b", Operation.DELETE, protect=True),
    )
    assert sde("up", *TENANCIES[:2], "--yes") == 3
    assert [name for what, name in sde.engine.calls if what == "up"] == ["platform"]
    assert "The policies refuse tre-heart" in sde.err


class GateOfPairs(FakeGate):
    """Refuses every plan while it or a neighbour lacks `b`, as rules between stacks do."""

    def evaluate(self, plans: Sequence[Plan], *, neighbours: Neighbours | None = None, **more: Any) -> Report:
        report = super().evaluate(plans, neighbours=neighbours, **more)
        every = [*plans, *(found.load() for found in neighbours.deployed)] if neighbours else plans
        lacking = [plan for plan in every if "b" not in {one.name for one in plan.resources}]
        return replace(report, findings=tuple(self.finding(plan, Verdict.FAIL) for plan in lacking))


def test_continue_runs_what_an_earlier_run_left(sde: CliRunner) -> None:
    sde.gate.refuses = {"tre-heart"}
    assert sde("up", "--all", "--cloud", "local", "--yes") == 3
    assert "scripts/sde up --continue" in sde.out
    sde.gate.refuses, sde.engine.calls = set(), []
    assert sde("up", "--continue", "--yes") == 0
    assert [name for call, name in sde.engine.calls if call == "up"] == ["tre-heart"]
    assert sde("up", "--continue", "--yes") == 2
    assert "no unfinished run" in sde.err


def test_another_run_of_several_stacks_replaces_an_unfinished_one(sde: CliRunner) -> None:
    sde.gate.refuses = {"tre-heart"}
    assert sde("up", "--all", "--cloud", "local", "--yes") == 3
    sde.gate.refuses = {"platform"}
    assert sde("up", "--all", "--cloud", "local", "--yes") == 3
    assert sde("up", "--continue", "--yes") == 2


def test_a_continued_run_that_fails_can_be_continued(sde: CliRunner) -> None:
    sde.gate.refuses = {"safe-haven"}
    assert sde("up", "--all", "--cloud", "local", "--yes") == 3
    assert sde("up", "--continue", "--yes") == 3
    sde.gate.refuses, sde.engine.calls = set(), []
    assert sde("up", "--continue", "--yes") == 0
    assert [name for call, name in sde.engine.calls if call == "up"] == ["safe-haven", "tre-heart"]


def test_continue_of_stacks_that_left_the_estate_names_them(sde: CliRunner) -> None:
    sde.gate.refuses = {"tre-heart"}
    assert sde("up", "--all", "--cloud", "local", "--yes") == 3
    record = sde.settings.home / FILE
    record.write_text(record.read_text().replace("tre-heart", "tre-gone"))
    assert sde("up", "--continue", "--yes") == 2
    assert "found:   tre-gone" in sde.err
    assert "fix:     scripts/sde up --all" in sde.err


@pytest.mark.parametrize("arguments", [["--continue"], ["platform"], ["--all", "--cloud", "local"]])
def test_a_damaged_record_of_a_run_says_how_to_go_on(sde: CliRunner, arguments: list[str]) -> None:
    record = sde.settings.home / FILE
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text("{")
    assert sde("up", *arguments, "--yes") == 2
    assert f"file:    {record}" in sde.err
    assert "fix:     delete it, then run scripts/sde up --all" in sde.err
    assert [call for call, _ in sde.engine.calls if call == "up"] == []


def test_continue_takes_no_stacks(sde: CliRunner) -> None:
    assert sde("up", "platform", "--continue", "--yes") == 2
    assert "--continue takes the stacks of the last run" in sde.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "No stack is named"),
        (["--all", "platform"], "not both"),
        (["atlantis"], "no such stack"),
        (["platform", "--cloud", "azure"], "contradicts the configuration"),
        (["platform-north", "--cloud", "local"], "platform-north: azure"),
        (["platform", "--cloud", "moon"], "moon"),
        (["platform", "--engine", "steam"], "steam"),
        (["platform", "--nonsense"], "--nonsense"),
    ],
)
def test_wrong_use_is_one_message_and_exit_2(sde: CliRunner, arguments: list[str], words: str) -> None:
    assert sde("up", "--yes", *arguments) == 2
    assert words in sde.err
    assert "Traceback" not in sde.err
    assert sde.engine.calls == []


def test_cloud_limits_all_to_its_stacks(sde: CliRunner) -> None:
    assert sde("up", "--all", "--cloud", "azure", "--yes") == 0
    assert [name for what, name in sde.engine.calls if what == "up"] == ["platform-north"]


def test_all_in_a_cloud_without_stacks_is_wrong_use(sde: CliRunner) -> None:
    sde.catalog.stacks = [stack("platform")]
    assert sde("up", "--all", "--cloud", "azure", "--yes") == 2


@pytest.mark.parametrize(
    "arguments",
    [("--engine", "embedded", "up", "platform", "--yes"), ("up", "platform", "--yes", "--engine", "embedded")],
)
def test_shared_options_go_before_or_after_the_command(sde: CliRunner, arguments: tuple[str, ...]) -> None:
    assert sde(*arguments) == 0
    assert sde.chosen == [("embedded", "local")]


def test_stdout_has_only_json(sde: CliRunner) -> None:
    assert sde("up", "platform", "--yes", "--json") == 0
    kinds = [line["event"] for line in sde.lines]
    assert kinds == ["plan", "verdict", "step-started", "step-done", "step-started", "step-done", "summary"]
    assert sde.lines[0]["plan"]["digest"].startswith("sha256:")
    assert sde.lines[-1]["stacks"][0]["counts"] == {"create": 2}
    assert sde.lines[-1]["changed"] is True


def test_an_error_is_a_json_line_and_text_on_stderr(sde: CliRunner) -> None:
    sde.engine.fails = InputError("The passphrase is wrong.", key="PULUMI_CONFIG_PASSPHRASE", fix="use the right one")
    assert sde("up", "platform", "--json", "--yes") == 2
    assert sde.lines[-1]["event"] == "error"
    assert sde.lines[-1]["code"] == 2
    assert sde.lines[-1]["key"] == "PULUMI_CONFIG_PASSPHRASE"
    assert "The passphrase is wrong." in sde.err


def test_targets_reach_the_engine(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    preview = sde.engine.preview
    monkeypatch.setattr(sde.engine, "preview", lambda s, *, targets=(), **k: seen.append(list(targets)) or preview(s))
    assert sde("up", "platform", "--yes", "--target", "urn:a", "--target", "urn:b") == 0
    assert seen == [["urn:a", "urn:b"]]
