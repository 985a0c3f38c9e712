"""The names that a computer knows by itself, without DNS.

Source: cloud-init's module reference, "Write Files" (`append`); hosts(5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

from formats.egress import SIGN_IN_ADDRESS
from infra.network_services import SIGN_IN_HOSTS

PATH = "/etc/hosts"


def hosts_file(hosts: Mapping[IPv4Address, Sequence[str]] | None = None) -> dict[str, Any]:
    """Return the entry of cloud-init's `write_files` that appends names to the hosts file: those of a sign-in, and
    more."""
    lines = {SIGN_IN_ADDRESS: SIGN_IN_HOSTS, **(hosts or {})}
    content = "".join(f"{address} {' '.join(names)}\n" for address, names in lines.items())
    return {"path": PATH, "content": content, "append": True}
