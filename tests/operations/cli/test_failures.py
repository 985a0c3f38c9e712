from __future__ import annotations

import errno
import os
import stat

import pytest

from operations.cli.failures import scrubbed
from tests.operations.cli.fakes import CliRunner, FakeGate


def test_an_unexpected_error_is_one_line_and_a_private_file(sde: CliRunner) -> None:
    sde.settings = type(sde.settings)(
        sde.settings.root, sde.settings.home, {**sde.settings.environ, "PULUMI_CONFIG_PASSPHRASE": "hunter2"}
    )
    sde.engine.fails = RuntimeError("it fell over with hunter2")
    assert sde("preview", "platform") == 1
    assert "internal error, a bug in the program: RuntimeError: it fell over with [secret]" in sde.err
    assert "Traceback" not in sde.err
    (log,) = sde.settings.log_folder.iterdir()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "Traceback" in log.read_text()
    assert "hunter2" not in log.read_text()


def test_an_interruption_explains_how_to_continue(sde: CliRunner) -> None:
    sde.engine.fails = KeyboardInterrupt()
    assert sde("preview", "platform") == 130
    assert "to continue" in sde.err


def test_a_full_disk_is_not_an_internal_error(sde: CliRunner) -> None:
    sde.engine.fails = OSError(errno.ENOSPC, "No space left on device", "/state/file")
    assert sde("preview", "platform") == 2
    assert "/state/file" in sde.err
    assert "free space" in sde.err
    assert not sde.settings.log_folder.exists()


@pytest.mark.parametrize("arguments", [(), ("export",), ("local",)])
def test_without_a_command_the_help_is_shown(sde: CliRunner, arguments: tuple[str, ...]) -> None:
    assert sde(*arguments) == 2
    assert "Usage" in sde.out + sde.err


def test_version_and_help_exit_0(sde: CliRunner) -> None:
    assert sde("--version") == 0
    assert sde.out.startswith("sde ")
    assert sde("up", "--help") == 0


def test_usage_errors_are_json_with_the_json_option(sde: CliRunner) -> None:
    assert sde("--json", "bogus") == 2
    assert sde.lines[0]["kind"] == "usage"


@pytest.mark.parametrize(
    "text",
    [
        "https://a.blob.core.windows.net/?sv=1&sig=c2VjcmV0",
        "AccountName=a;AccountKey=c2VjcmV0;",
        "Authorization: Bearer c2VjcmV0",
        "client c2VjcmV0 failed",
    ],
)
def test_secrets_are_scrubbed(text: str) -> None:
    assert "c2VjcmV0" not in scrubbed(text, {"ARM_CLIENT_SECRET": "c2VjcmV0"})


@pytest.mark.parametrize("code", [0, None, 3, "text"])
def test_code_that_ends_the_process_is_a_failure(sde: CliRunner, monkeypatch: pytest.MonkeyPatch, code: object) -> None:
    def end(*_: object, **__: object) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(FakeGate, "evaluate", end)
    assert sde("policy", "check", "platform") == 1
    assert "SystemExit" in sde.err


@pytest.mark.parametrize(
    "arguments", [("outputs", "--help"), (), ("ledger",), ("--version",), ("stacks",), ("history",)]
)
def test_a_closed_pipe_ends_every_command_quietly(
    sde: CliRunner, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed, monkeypatch.context() as patch:
        patch.setattr("sys.stdout", closed)
        code = sde(*arguments)
    assert (code in (0, 1), sde.err) == (True, "")
    assert not sde.settings.log_folder.exists()
