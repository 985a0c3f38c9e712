from __future__ import annotations

import shlex
import stat
import subprocess

from operations.settings import Settings
from tests.operations.cli.fakes import CliRunner


def test_env_prints_only_exports_that_a_shell_reads_back(sde: CliRunner, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    odd = tmp_path_factory.mktemp('it\'s $HOME; a "folder"')
    sde.settings = Settings.load({"SDE_HOME": str(odd), "PATH": "/usr/bin:/bin"})
    assert sde("local", "env") == 0
    script = sde.out + 'printf "%s\\n" "$SDE_LOCAL_AZURE" "$PULUMI_BACKEND_URL" "$PULUMI_HOME"'
    seen = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    assert seen == [str(odd / "local" / "azure.db"), f"file://{odd}/state", str(odd / "pulumi")]
    assert all(line.startswith("export ") for line in sde.out.splitlines())


def test_env_does_not_print_the_passphrase(sde: CliRunner) -> None:
    sde("local", "env")
    phrase = sde.settings.passphrase_file
    assert phrase.read_text().strip() not in sde.out
    assert f"PULUMI_CONFIG_PASSPHRASE_FILE={shlex.quote(str(phrase))}" in sde.out
    assert stat.S_IMODE(phrase.stat().st_mode) == 0o600


def test_list_and_reset_do_not_create_the_database(sde: CliRunner) -> None:
    assert sde("local", "list") == 0
    assert sde.out.strip() == "0 resources"
    assert sde("local", "list", "--json") == 0
    assert sde.lines == []
    assert sde("local", "reset") == 0
    assert not sde.settings.local_db.exists()


def test_the_load_is_off_until_it_is_set(sde: CliRunner) -> None:
    assert sde("local", "load", "--json") == 0
    assert sde.lines == [{"event": "load", "load": "off"}]
    assert not sde.settings.local_db.exists()
    assert sde("local", "load", "busy") == 0
    assert sde("local", "reset") == 0
    assert sde("local", "load") == 0
    assert sde.out.strip() == "The load of the local Azure is busy."


def test_an_unknown_load_is_bad_input(sde: CliRunner) -> None:
    assert sde("local", "load", "quiet") == 2
    assert "'off', 'busy', 'lost-answer'" in sde.err


def test_a_resource_that_does_not_exist_is_not_deleted(sde: CliRunner) -> None:
    assert sde("local", "delete", "/subscriptions/x") == 2
    assert "no such resource" in sde.err
