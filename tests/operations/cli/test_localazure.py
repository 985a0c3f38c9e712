from __future__ import annotations

import shlex
import stat
import subprocess

from operations.settings import Settings
from tests.operations.cli.fakes import Desk


def test_the_environment_survives_a_shell_and_nothing_else_is_printed(desk: Desk, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    odd = tmp_path_factory.mktemp('it\'s $HOME; a "folder"')
    desk.settings = Settings.load({"SDE_HOME": str(odd), "PATH": "/usr/bin:/bin"})
    assert desk("local", "env") == 0
    script = desk.out + 'printf "%s\\n" "$SDE_LOCAL_AZURE" "$PULUMI_BACKEND_URL" "$PULUMI_HOME"'
    seen = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    assert seen == [str(odd / "local" / "azure.db"), f"file://{odd}/state", str(odd / "pulumi")]
    assert all(line.startswith("export ") for line in desk.out.splitlines())


def test_the_passphrase_itself_is_not_printed(desk: Desk) -> None:
    desk("local", "env")
    phrase = desk.settings.passphrase_file
    assert phrase.read_text().strip() not in desk.out
    assert f"PULUMI_CONFIG_PASSPHRASE_FILE={shlex.quote(str(phrase))}" in desk.out
    assert stat.S_IMODE(phrase.stat().st_mode) == 0o600


def test_an_empty_local_azure_lists_nothing_and_is_not_made_by_looking(desk: Desk) -> None:
    assert desk("local", "list") == 0
    assert desk.out.strip() == "0 resources"
    assert desk("local", "list", "--json") == 0
    assert desk.lines == []
    assert desk("local", "reset") == 0
    assert not desk.settings.local_db.exists()
