"""The cloud-init data of a desk: SSH gives an interactive terminal only."""

from __future__ import annotations

import base64
import os
import pty
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.first_boot import ADMINISTRATOR, FILES, SERVER_CONFIG, SERVER_PATH, SESSION_PATH, SESSION_SCRIPT, first_boot
from infra.hosts_file import hosts_file

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
RUNS = SSHD is not None and (os.getuid() != 0 or Path("/run/sshd").is_dir())
needs_sshd = pytest.mark.skipif(not RUNS, reason="needs sshd (Debian, Ubuntu: openssh-server), and as root /run/sshd")
ENTRA = "Match User *@*,????????-????-????-????-????????????\n    AuthenticationMethods publickey\n"
"""The text that Entra's sign-in extension appends to sshd_config."""


def _written() -> dict[str, Mapping[str, Any]]:
    text = base64.b64decode(first_boot()).decode()
    assert text.startswith("#cloud-config\n")
    return {file["path"]: file for file in yaml.safe_load(text)["write_files"]}


def test_the_first_boot_writes_ssh_settings_and_the_hosts_of_sign_in() -> None:
    files = _written()
    assert files.pop("/etc/hosts") == {
        "path": "/etc/hosts", "content": "192.0.2.1 login.microsoftonline.com pas.windows.net\n", "append": True,
    }  # fmt: skip
    assert files[SERVER_PATH]["content"] == SERVER_CONFIG
    assert files[SESSION_PATH]["content"] == SESSION_SCRIPT
    assert {path: file["permissions"] for path, file in files.items()} == {SERVER_PATH: "0644", SESSION_PATH: "0755"}
    assert {file["owner"] for file in files.values()} == {"root:root"}


def test_further_settings_are_merged() -> None:
    pip = {"path": "/etc/pip.conf", "content": "[global]\n"}
    settings = yaml.safe_load(base64.b64decode(first_boot({"write_files": [pip], "apt": {"primary": []}})))
    assert settings["apt"] == {"primary": []}
    assert settings["write_files"] == [*FILES, hosts_file(), pip]
    assert settings["runcmd"] == [["systemctl", "try-reload-or-restart", "ssh.service"]]


class TestSession:
    """The script that sshd runs instead of the requested command."""

    @pytest.fixture
    def script(self, tmp_path: Path) -> Path:
        path = tmp_path / "terminal-only"
        path.write_text(SESSION_SCRIPT)
        path.chmod(0o755)
        return path

    @pytest.fixture
    def shell(self, tmp_path: Path) -> Path:
        """Return a login shell that prints its arguments."""
        path = tmp_path / "shell"
        path.write_text('#!/bin/sh\necho "shell $* ${BASH_ENV-clean}"\n')
        path.chmod(0o755)
        return path

    def test_a_terminal_gets_the_login_shell(self, script: Path, shell: Path) -> None:
        assert "shell -l clean" in _in_terminal(script, {"SHELL": str(shell), "BASH_ENV": "/dev/null"})

    @pytest.mark.parametrize("command", ["/usr/lib/openssh/sftp-server", "scp -t .", "rsync --server . x", "id", ""])
    def test_a_command_is_refused_even_with_a_terminal(self, script: Path, shell: Path, command: str) -> None:
        output = _in_terminal(script, {"SHELL": str(shell), "SSH_ORIGINAL_COMMAND": command})
        assert "shell" not in output.replace("terminal", "")
        assert "nothing else" in output

    def test_a_session_without_a_terminal_is_refused(self, script: Path, shell: Path) -> None:
        ended = subprocess.run([script], env={"SHELL": str(shell)}, input=b"", capture_output=True, check=False)
        assert (ended.returncode, ended.stdout) == (1, b"")
        assert b"nothing else" in ended.stderr


def _in_terminal(script: Path, environment: Mapping[str, str]) -> str:
    """Return the output of the script in a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(script, [str(script)], {"PATH": os.environ["PATH"], **environment})  # noqa: S606 - the script under test
    output = b""
    try:
        while piece := os.read(terminal, 4096):
            output += piece
    except OSError:  # Linux raises it when the other end is closed
        pass
    os.waitpid(child, 0)
    os.close(terminal)
    return output.decode()


@dataclass(frozen=True)
class SshServer:
    """An SSH server configured as on a desk, with Ubuntu's layout: drop-ins first, the extension's text last."""

    config: Path

    def settings(self, user: str) -> dict[str, str]:
        """Return the effective settings for a user, by keyword."""
        who = f"user={user},host=10.64.0.70,addr=10.64.0.70"
        output = subprocess.run(
            [str(SSHD), "-T", "-f", self.config, "-C", who], capture_output=True, check=True, text=True
        )
        pairs = (line.partition(" ") for line in output.stdout.splitlines())
        found: dict[str, str] = {}
        for word, _, value in pairs:
            found[word] = f"{found[word]} {value}" if word in found else value
        return found


@needs_sshd
class TestServer:
    """The configuration as sshd evaluates it."""

    @pytest.fixture
    def server(self, tmp_path: Path) -> SshServer:
        drop_ins = tmp_path / "sshd_config.d"
        drop_ins.mkdir()
        (drop_ins / Path(SERVER_PATH).name).write_text(SERVER_CONFIG)
        (drop_ins / "60-cloudimg-settings.conf").write_text("AllowTcpForwarding yes\nX11Forwarding yes\n")
        key = tmp_path / "host-key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        config = tmp_path / "sshd_config"
        config.write_text(f"Include {drop_ins}/*.conf\nHostKey {key}\nX11Forwarding yes\n"
                          f"Subsystem sftp /usr/lib/openssh/sftp-server\n{ENTRA}")  # fmt: skip
        return SshServer(config)

    def test_sshd_accepts_the_configuration(self, server: SshServer) -> None:
        subprocess.run([str(SSHD), "-t", "-f", server.config], check=True)

    @pytest.mark.parametrize("user", ["ann@example.org", "somebody", "root", f"{ADMINISTRATOR}@example.org"])
    def test_every_user_gets_a_terminal_only(self, server: SshServer, user: str) -> None:
        settings = server.settings(user)
        assert settings["forcecommand"] == SESSION_PATH
        assert settings["disableforwarding"] == "yes"
        for word in ("allowagentforwarding", "allowstreamlocalforwarding", "allowtcpforwarding", "gatewayports",
                     "permittunnel", "permituserrc", "permituserenvironment", "x11forwarding"):  # fmt: skip
            assert settings[word] == "no", word
        assert "SHLVL=1" in settings["setenv"]
        assert "BASH_ENV=/dev/null" in settings["setenv"]

    def test_the_entra_extension_still_applies(self, server: SshServer) -> None:
        assert server.settings("ann@example.org")["authenticationmethods"] == "publickey"

    def test_the_emergency_account_is_not_restricted(self, server: SshServer) -> None:
        settings = server.settings(ADMINISTRATOR)
        assert (settings["forcecommand"], settings["allowtcpforwarding"]) == ("none", "yes")


def test_a_users_bashrc_does_not_replace_the_forced_command(tmp_path: Path) -> None:
    """bash reads ~/.bashrc before a forced command if it regards itself as the connection's outermost shell."""
    (tmp_path / ".bashrc").write_text("echo mine; exit\n")
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash on this machine")
    words = [pair.split("=", 1) for line in SERVER_CONFIG.splitlines() if "SetEnv" in line for pair in line.split()[1:]]
    connection = {"HOME": str(tmp_path), "SSH_CLIENT": "10.64.0.70 50000 22", **dict(words)}
    ended = subprocess.run([bash, "-c", "echo forced"], env=connection, capture_output=True, check=True, text=True)
    assert ended.stdout == "forced\n"
