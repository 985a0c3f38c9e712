from __future__ import annotations

import errno
import stat

import pytest

from operations.cli.failures import scrubbed
from tests.operations.cli.fakes import Desk


def test_an_unforeseen_error_is_one_line_and_a_private_file(desk: Desk) -> None:
    desk.settings = type(desk.settings)(
        desk.settings.root, desk.settings.home, {**desk.settings.environ, "PULUMI_CONFIG_PASSPHRASE": "hunter2"}
    )
    desk.engine.fails = RuntimeError("it fell over with hunter2")
    assert desk("preview", "platform") == 1
    assert "this is a mistake in the program: RuntimeError: it fell over with [secret]" in desk.err
    assert "Traceback" not in desk.err
    (log,) = desk.settings.log_folder.iterdir()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "Traceback" in log.read_text()
    assert "hunter2" not in log.read_text()


def test_an_interruption_says_how_to_carry_on(desk: Desk) -> None:
    desk.engine.fails = KeyboardInterrupt()
    assert desk("preview", "platform") == 130
    assert "carries on" in desk.err


def test_a_full_disk_is_no_mistake_of_the_program(desk: Desk) -> None:
    desk.engine.fails = OSError(errno.ENOSPC, "No space left on device", "/state/file")
    assert desk("preview", "platform") == 2
    assert "/state/file" in desk.err
    assert "make room" in desk.err
    assert not desk.settings.log_folder.exists()


@pytest.mark.parametrize("arguments", [(), ("export",), ("local",)])
def test_no_command_shows_the_help(desk: Desk, arguments: tuple[str, ...]) -> None:
    assert desk(*arguments) == 2
    assert "Usage" in desk.out + desk.err


def test_version_and_help_are_no_failures(desk: Desk) -> None:
    assert desk("--version") == 0
    assert desk.out.startswith("sde ")
    assert desk("up", "--help") == 0


def test_wrong_use_is_json_where_json_was_asked_for(desk: Desk) -> None:
    assert desk("--json", "bogus") == 2
    assert desk.lines[0]["kind"] == "usage"


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
