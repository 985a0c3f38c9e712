"""The cloud-init data of a desk: it restricts the SSH server to interactive terminals.

Bastion's web page requests a terminal and gets one. A command, a subsystem or a forwarded port could transfer files
without the airlock, and is refused for every account except the one for emergencies.

Sources: sshd_config(5) of OpenSSH 9.6 (Ubuntu 24.04), for `Match`, `ForceCommand` and `Include`; cloud-init's module
reference, "Write Files" and "Runcmd".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from infra.hosts_file import hosts_file

ADMINISTRATOR = "breakglass"
"""The platform team's account for emergencies. The team keeps its key; it has no daily use."""
SESSION_PATH = "/usr/local/sbin/terminal-only"
SERVER_PATH = "/etc/ssh/sshd_config.d/10-terminal-only.conf"
"""sshd uses the first value that it reads. Ubuntu includes this folder first, in the order of file names; the sign-in
extension appends its own `Match`, which sets nothing about commands, at the very end."""

SESSION_SCRIPT = """\
#!/bin/sh
# SSH_ORIGINAL_COMMAND is set for a command and for a subsystem: scp, sftp and rsync are one or the other.
if [ -n "${SSH_ORIGINAL_COMMAND+asked}" ] || ! [ -t 0 ] || ! [ -t 1 ]; then
    logger -p auth.warning -t terminal-only "refused ${USER-unknown}: no interactive terminal" 2>/dev/null || true
    echo 'This desk gives a terminal, and nothing else. Files come and go by the airlocks.' >&2
    exit 1
fi
unset BASH_ENV SHLVL
exec "${SHELL:-/bin/bash}" -l
"""

SERVER_CONFIG = f"""\
PermitUserEnvironment no
Match User *,!{ADMINISTRATOR}
    ForceCommand {SESSION_PATH}
    # The shell that starts the forced command reads the user's own ~/.bashrc if it takes itself for the outermost one
    # (bash, shell.c, run_startup_files), or else what BASH_ENV names: either could answer in the command's place.
    SetEnv SHLVL=1 BASH_ENV=/dev/null
    DisableForwarding yes
    # Said one by one too: before OpenSSH 10.0 the word above forgot X11 and the agent (CVE-2025-32728).
    AllowAgentForwarding no
    AllowStreamLocalForwarding no
    AllowTcpForwarding no
    GatewayPorts no
    PermitTunnel no
    PermitUserRC no
    X11Forwarding no
"""

FILES: tuple[Mapping[str, str], ...] = (
    {"path": SESSION_PATH, "content": SESSION_SCRIPT, "permissions": "0755", "owner": "root:root"},
    {"path": SERVER_PATH, "content": SERVER_CONFIG, "permissions": "0644", "owner": "root:root"},
)
COMMANDS = (("systemctl", "try-reload-or-restart", "ssh.service"),)
CLOUD_CONFIG_HEADER = "#cloud-config\n"
"""The first line, by which cloud-init recognises the format."""


def first_boot(*more: Mapping[str, Any], commands: Sequence[Sequence[str]] = ()) -> str:
    """Return the cloud-init data of a desk in base64, as Azure takes it: the SSH restrictions, and more settings
    by cloud-init's keys, whose files are all written. It is JSON, which is valid YAML and simple for a policy to read.
    `commands` run last."""
    files = [*map(dict, FILES), hosts_file(), *(file for one in more for file in one.get("write_files", ()))]
    settings = {key: value for one in more for key, value in one.items()}
    settings |= {"write_files": files, "runcmd": [list(command) for command in (*COMMANDS, *commands)]}
    return base64.b64encode((CLOUD_CONFIG_HEADER + json.dumps(settings, indent=1)).encode()).decode()
