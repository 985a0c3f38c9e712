from __future__ import annotations

import pytest

from formats.errors import Failed, InputError
from formats.plan import Operation
from tests.operations.cli.fakes import Desk, resource, stack


def test_stacks_come_up_in_the_order_they_depend_on_each_other(desk: Desk) -> None:
    assert desk("up", "tre-heart", "platform", "safe-haven", "--yes") == 0
    assert [name for what, name in desk.engine.calls if what == "up"] == ["platform", "safe-haven", "tre-heart"]
    assert "Where to look next" in desk.out


def test_a_second_run_changes_nothing_and_says_so(desk: Desk) -> None:
    desk("up", "--all", "--cloud", "local", "--yes")
    assert desk("up", "--all", "--cloud", "local", "--yes") == 0
    assert "Nothing to change in any stack" in desk.out
    assert "Where to look next" not in desk.out


def test_an_up_with_nothing_to_change_asks_nobody(desk: Desk) -> None:
    desk("up", "platform", "--yes")
    assert desk("up", "platform") == 0
    assert "Nothing to change in platform" in desk.out


def test_without_a_terminal_and_without_yes_nothing_is_done(desk: Desk) -> None:
    assert desk("up", "platform") == 2
    assert "add --yes" in desk.err
    assert ("up", "platform") not in desk.engine.calls


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 3), ("\n", 3), ("", 3)])
def test_only_a_yes_is_a_yes(desk: Desk, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert desk("up", "platform") == code
    assert (("up", "platform") in desk.engine.calls) == (code == 0)


class Terminal:
    def __init__(self, answer: str) -> None:
        self.readline = lambda: answer

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("operation", [Operation.DELETE, Operation.REPLACE])
def test_deleting_or_replacing_what_is_protected_is_refused(desk: Desk, operation: Operation) -> None:
    desk.engine.plans["platform"] = (resource("records", operation, protect=True), resource("other", Operation.UPDATE))
    assert desk("up", "platform", "--yes") == 3
    assert "records" in desk.err
    assert "fix:" in desk.err
    assert ("up", "platform") not in desk.engine.calls


def test_a_protected_resource_may_be_updated(desk: Desk) -> None:
    desk.engine.plans["platform"] = (resource("records", Operation.UPDATE, protect=True),)
    assert desk("up", "platform", "--yes") == 0


def test_a_stack_whose_platform_is_not_up_waits_for_it(desk: Desk) -> None:
    assert desk("up", "safe-haven", "--yes") == 2
    assert "scripts/sde up platform" in desk.err
    assert desk.engine.calls == []


def test_a_destroyed_platform_is_not_up(desk: Desk) -> None:
    desk.engine.has["platform"] = []
    assert desk("up", "safe-haven", "--yes") == 2


def test_a_failure_stops_before_the_next_stack_and_exits_1(desk: Desk) -> None:
    desk.engine.fails = Failed("Azure said no")
    assert desk("up", "--all", "--cloud", "local", "--yes") == 1
    assert "Azure said no" in desk.err
    assert desk.engine.calls == [("preview", "platform")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Which stack?"),
        (["--all", "platform"], "not both"),
        (["atlantis"], "no such stack"),
        (["platform", "--cloud", "azure"], "what its configuration says"),
        (["platform-north", "--cloud", "local"], "platform-north: azure"),
        (["platform", "--cloud", "moon"], "moon"),
        (["platform", "--engine", "steam"], "steam"),
        (["platform", "--nonsense"], "--nonsense"),
    ],
)
def test_wrong_use_is_one_message_and_exit_2(desk: Desk, arguments: list[str], words: str) -> None:
    assert desk("up", "--yes", *arguments) == 2
    assert words in desk.err
    assert "Traceback" not in desk.err
    assert desk.engine.calls == []


def test_cloud_narrows_all_to_its_stacks(desk: Desk) -> None:
    assert desk("up", "--all", "--cloud", "azure", "--yes") == 0
    assert [name for what, name in desk.engine.calls if what == "up"] == ["platform-north"]


def test_all_narrowed_to_a_cloud_without_stacks_is_wrong_use(desk: Desk) -> None:
    desk.catalog.stacks = [stack("platform")]
    assert desk("up", "--all", "--cloud", "azure", "--yes") == 2


@pytest.mark.parametrize(
    "arguments",
    [("--engine", "embedded", "up", "platform", "--yes"), ("up", "platform", "--yes", "--engine", "embedded")],
)
def test_an_option_may_stand_before_the_command_or_after_it(desk: Desk, arguments: tuple[str, ...]) -> None:
    assert desk(*arguments) == 0
    assert desk.chosen == [("embedded", "local")]


def test_json_is_all_that_stdout_has(desk: Desk) -> None:
    assert desk("up", "platform", "--yes", "--json") == 0
    kinds = [line["event"] for line in desk.lines]
    assert kinds == ["plan", "verdict", "step-started", "step-done", "step-started", "step-done", "summary"]
    assert desk.lines[0]["plan"]["digest"].startswith("sha256:")
    assert desk.lines[-1]["stacks"][0]["counts"] == {"create": 2}
    assert desk.lines[-1]["changed"] is True


def test_an_error_is_a_json_line_too_and_words_on_stderr(desk: Desk) -> None:
    desk.engine.fails = InputError("The passphrase is wrong.", key="PULUMI_CONFIG_PASSPHRASE", fix="use the right one")
    assert desk("up", "platform", "--json", "--yes") == 2
    assert desk.lines[-1]["event"] == "error"
    assert desk.lines[-1]["code"] == 2
    assert desk.lines[-1]["key"] == "PULUMI_CONFIG_PASSPHRASE"
    assert "The passphrase is wrong." in desk.err


def test_targets_reach_the_engine(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    preview = desk.engine.preview
    monkeypatch.setattr(desk.engine, "preview", lambda s, *, targets=(), **k: seen.append(list(targets)) or preview(s))
    assert desk("up", "platform", "--yes", "--target", "urn:a", "--target", "urn:b") == 0
    assert seen == [["urn:a", "urn:b"]]
