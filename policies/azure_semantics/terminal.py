"""Check that a virtual machine's cloud-init data restricts its SSH server to interactive terminals.

Any other command at the first boot could undo that, so all of the data must be known.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from policies.azure_semantics.properties import is_secret
from policies.expected import staff_tools
from policies.expected.gpu_driver import GPU_DRIVER
from policies.expected.home_disk import HOME_DISK
from policies.expected.host_names import HOSTS_PATH, NO_RESOLVER
from policies.expected.sign_in import HOSTS_FILE
from policies.expected.ssh_server import CLOUD_CONFIG_HEADER, COMMANDS, FILES
from policies.expected.trusted_roots import ENVIRONMENT_FILE, SETTING
from policies.model import MISSING, Resource, Unknown, Violation

CUSTOM_DATA = "osProfile.customData"
EXPECTED = {**HOME_DISK, **GPU_DRIVER, "manage_etc_hosts": "localhost"}
ALLOWED_KEYS = ("apt", SETTING, *EXPECTED)
"""The cloud-init keys that are allowed besides `write_files` and `runcmd`: package sources (VM21), trusted certificates
(VM25), the data disk, the GPU driver, and the own name in /etc/hosts."""
ALLOWED_FILES = ("/etc/pip.conf", HOSTS_PATH)
"""The files that may be written besides the SSH server's, and the names of sign-in."""


def is_terminal(computer: Resource) -> bool:
    """True if SSH to a virtual machine certainly gives terminals only."""
    try:
        return not any(problems(computer))
    except Unknown:
        return False


def problems(computer: Resource) -> Iterator[Violation]:
    """Yield the reasons why SSH may give more than a terminal. Raises `Unknown` if customData is unknown."""
    found = computer.at(CUSTOM_DATA)
    if is_secret(found):
        raise Unknown(CUSTOM_DATA, "is secret, but the commands of the first boot must be readable")
    if found is MISSING:
        yield Violation(CUSTOM_DATA, "is not set, so SSH could transfer files, commands and ports without the airlock")
        return
    config = cloud_config(found)
    if config is None:
        yield Violation(CUSTOM_DATA, "is not in the format of infra/first_boot.py, so SSH may not be restricted")
        return
    files = config.get("write_files")
    written = files if isinstance(files, list) else []
    if any(file not in written for file in FILES):
        yield Violation(
            CUSTOM_DATA, "does not restrict SSH to terminals: both files of infra/first_boot.py must be written"
        )
    known = (*FILES, HOSTS_FILE, ENVIRONMENT_FILE)
    if any(not isinstance(f, dict) or (f not in known and f.get("path") not in ALLOWED_FILES) for f in written):
        yield Violation(
            CUSTOM_DATA, f"writes other files than SSH's, {', '.join(ALLOWED_FILES)} and the names of sign-in"
        )
    has_tools = config.get("packages") == staff_tools.PACKAGES
    # A desk from before the second command keeps its first boot.
    commands = [COMMANDS + staff_tools.COMMANDS] if has_tools else [COMMANDS, [*COMMANDS, NO_RESOLVER]]
    if config.get("runcmd") not in commands:
        text = "runs other commands than the reload of the SSH server, the end of DNS, and staff's tools"
        yield Violation(CUSTOM_DATA, text)
    expected_settings = {**EXPECTED, "packages": staff_tools.PACKAGES} if has_tools else EXPECTED
    changed = [key for key, expected in expected_settings.items() if config.get(key, expected) != expected]
    if changed:
        yield Violation(CUSTOM_DATA, f"sets up disks, accounts or packages differently: {', '.join(changed)}")
    unexpected = sorted(config.keys() - {"write_files", "runcmd", *ALLOWED_KEYS})
    if unexpected or not _names_only_package_sources(config.get("apt", {})):
        yield Violation(
            CUSTOM_DATA, f"sets more at the first boot than package sources: {', '.join(unexpected) or 'apt'}"
        )


def cloud_config(found: object) -> dict[str, Any] | None:
    """Return the settings in customData; None for any other form."""
    try:
        text = base64.b64decode(str(found), validate=True).decode()
        config = json.loads(text.removeprefix(CLOUD_CONFIG_HEADER)) if text.startswith(CLOUD_CONFIG_HEADER) else None
    except (ValueError, RecursionError):
        return None
    return config if isinstance(config, dict) else None


def _names_only_package_sources(apt: object) -> bool:
    """True if apt's settings only name package sources: other settings run commands, or trust further signing keys."""
    if not isinstance(apt, dict) or not apt.keys() <= {"primary", "security"}:
        return False
    lists = [mirrors for mirrors in apt.values() if isinstance(mirrors, list)]
    sources = [source for mirrors in lists for source in mirrors]
    return len(lists) == len(apt) and all(isinstance(p, dict) and p.keys() <= {"arches", "uri"} for p in sources)
