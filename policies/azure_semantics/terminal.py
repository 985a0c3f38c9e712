"""Check that a computer's cloud-init data restricts its SSH server to interactive terminals.

Any other command at the first boot could revert that, so all of the data must be known.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from policies.expected.ssh_server import CLOUD_CONFIG_HEADER, COMMANDS, FILES
from policies.model import MISSING, Resource, Unknown, Violation, is_secret

BOOT = "osProfile.customData"
ALSO = ("apt",)
"""Other cloud-init keys that are allowed: package sources."""
ALSO_WRITTEN = ("/etc/pip.conf",)


def is_terminal(computer: Resource) -> bool:
    """True if SSH to a computer certainly gives terminals alone."""
    try:
        return not any(problems(computer))
    except Unknown:
        return False


def problems(computer: Resource) -> Iterator[Violation]:
    """Yield the reasons why SSH to a computer may give more than a terminal. `Unknown` where customData is unknown."""
    found = computer.at(BOOT)
    if is_secret(found):
        raise Unknown(BOOT, "is secret, but the commands of the first boot must be readable")
    if found is MISSING:
        yield Violation(BOOT, "is not set, so SSH could transfer files, commands and ports without the airlock")
        return
    config = _cloud_config(found)
    if config is None:
        yield Violation(BOOT, "is not in the format of infra/first_boot.py, so SSH may not be restricted")
        return
    files = config.get("write_files")
    listed = files if isinstance(files, list) else []
    if any(file not in listed for file in FILES):
        yield Violation(BOOT, "does not restrict SSH to terminals: both files of infra/first_boot.py must be written")
    if any(not isinstance(f, dict) or (f not in FILES and f.get("path") not in ALSO_WRITTEN) for f in listed):
        yield Violation(BOOT, f"writes other files than SSH's and {', '.join(ALSO_WRITTEN)}")
    if config.get("runcmd") != COMMANDS:
        yield Violation(BOOT, "runs other commands than the reload of the SSH server")
    more = sorted(config.keys() - {"write_files", "runcmd", *ALSO})
    if more or not _archives(config.get("apt", {})):
        yield Violation(BOOT, f"sets more at the first boot than package sources: {', '.join(more) or 'apt'}")


def _cloud_config(found: object) -> dict[str, Any] | None:
    try:
        text = base64.b64decode(str(found), validate=True).decode()
        config = json.loads(text.removeprefix(CLOUD_CONFIG_HEADER)) if text.startswith(CLOUD_CONFIG_HEADER) else None
    except (ValueError, RecursionError):
        return None
    return config if isinstance(config, dict) else None


def _archives(apt: object) -> bool:
    """True if apt's settings only name package sources: its other keys run commands, or trust another's key."""
    if not isinstance(apt, dict) or not apt.keys() <= {"primary", "security"}:
        return False
    lists = [mirrors for mirrors in apt.values() if isinstance(mirrors, list)]
    places = [place for mirrors in lists for place in mirrors]
    return len(lists) == len(apt) and all(isinstance(p, dict) and p.keys() <= {"arches", "uri"} for p in places)
