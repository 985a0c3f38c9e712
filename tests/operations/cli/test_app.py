"""The table of commands."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from operations.__main__ import stop_in_order
from operations.cli.app import COMMANDS, whole_app
from tests.operations.cli.fakes import CliRunner


@pytest.mark.parametrize(("group", "name"), [(group, name) for group in COMMANDS for name in COMMANDS[group]])
def test_every_command_has_a_help(sde: CliRunner, group: str, name: str) -> None:
    assert sde(*group.split(), name, "--help") == 0
    assert f"Usage: sde {' '.join(filter(None, (group, name)))} " in sde.out


def test_every_help_has_an_example_that_its_command_accepts() -> None:
    app: Any = get_command(whole_app())
    for group, name in [(one, name) for one in COMMANDS for name in COMMANDS[one]]:
        command, words = app, [*group.split(), name]
        for word in words:
            command = command.commands[word]
        example = " ".join(command.help.split()).partition("Example: sde ")[2]
        assert example, words
        given = shlex.split(re.split(r", (?=[a-z])|\. (?=[A-Z])|\.$| > ", example)[0])
        assert given[: len(words)] == (["request", "new"] if words == ["tenancy", "add"] else words)
        command.make_context(name, given[len(words) :])  # raises for an option that there is not


def test_the_help_of_a_group_lists_its_commands(sde: CliRunner) -> None:
    assert sde("policy", "--help") == 0
    assert all(name in sde.out for name in COMMANDS["policy"])


def test_an_unknown_command_of_a_group_is_refused(sde: CliRunner) -> None:
    assert sde("policy", "chekc") == 2


@pytest.mark.parametrize("fails", [None, RuntimeError("broken")], ids=["done", "failed"])
def test_the_end_of_a_command_closes_its_engines(sde: CliRunner, fails: Exception | None) -> None:
    sde.engine.fails = fails
    assert sde("preview", "platform") == (1 if fails else 0)
    assert sde.engine.closed


@pytest.mark.parametrize("nohup", [False, True])
def test_a_closed_terminal_and_a_cancelled_pipeline_stop_a_run_as_ctrl_c_does(
    monkeypatch: pytest.MonkeyPatch, *, nohup: bool
) -> None:
    before = {signal.SIGHUP: signal.SIG_IGN if nohup else signal.SIG_DFL, signal.SIGTERM: signal.SIG_DFL}
    after: dict[int, object] = {}
    monkeypatch.setattr(signal, "getsignal", before.__getitem__)
    monkeypatch.setattr(signal, "signal", after.__setitem__)
    stop_in_order()
    assert after == dict.fromkeys((signal.SIGTERM, *(() if nohup else (signal.SIGHUP,))), signal.default_int_handler)


@pytest.mark.parametrize("argument", ["--help", "stacks"])
def test_listing_imports_no_policies(argument: str, tmp_path: Path) -> None:
    code = (
        "import sys; from operations.cli.app import main; code = main(sys.argv[1:]);"
        "sys.exit(code or any(name.startswith('policies') for name in sys.modules))"
    )
    environment = {"SDE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    found = subprocess.run([sys.executable, "-c", code, argument], env=environment, capture_output=True, check=False)
    assert found.returncode == 0, found.stderr
