"""The cloud-init data that restricts a desk's SSH server to interactive terminals.

Sources: sshd_config(5) of OpenSSH 9.6; cloud-init's module reference, "Write Files" and "Runcmd".
"""

from __future__ import annotations

ADMINISTRATOR = "breakglass"
"""The account for emergencies, which the restriction exempts."""
AUTHORIZED_KEYS = f"/home/{ADMINISTRATOR}/.ssh/authorized_keys"
CLOUD_CONFIG_HEADER = "#cloud-config\n"
COMMANDS = [["systemctl", "try-reload-or-restart", "ssh.service"]]
_SESSION = """\
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
_SERVER = """\
PermitUserEnvironment no
Match User *,!breakglass
    ForceCommand /usr/local/sbin/terminal-only
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
FILES = [
    {"path": "/usr/local/sbin/terminal-only", "content": _SESSION, "permissions": "0755", "owner": "root:root"},
    {
        "path": "/etc/ssh/sshd_config.d/10-terminal-only.conf",
        "content": _SERVER,
        "permissions": "0644",
        "owner": "root:root",
    },
]
