"""The hosts of sign-in, which a computer knows by itself at an address that leads to the firewall alone.

Source: cloud-init's module reference, "Write Files" (`append`); hosts(5).
"""

from __future__ import annotations

from typing import Any

from formats.egress import SIGN_IN_ADDRESS
from infra.network_services import SIGN_IN_HOSTS

PATH = "/etc/hosts"


def hosts_file() -> dict[str, Any]:
    """Return the entry of cloud-init's `write_files` that appends the hosts of sign-in to the hosts file."""
    return {"path": PATH, "content": f"{SIGN_IN_ADDRESS} {' '.join(SIGN_IN_HOSTS)}\n", "append": True}
