"""The names that a virtual machine knows by itself: the custom data of its first boot writes /etc/hosts.

Facts: docs/azure-facts.md#names-in-the-guest, #hosts-file-of-a-virtual-machine.
"""

from __future__ import annotations

import base64
import json
from ipaddress import IPv4Address
from typing import Any

from local_azure.data_plane.places import InNetwork
from local_azure.model import Cloud

HOSTS_PATH = "/etc/hosts"
RESOLVER = "systemd-resolved.service"


def known_address(cloud: Cloud, place: InNetwork, host: str) -> IPv4Address | None:
    """Return the first address of a host in /etc/hosts; None if the file does not name it."""
    for file in _settings(cloud, place).get("write_files", ()):
        for line in file["content"].splitlines() if file.get("path") == HOSTS_PATH else ():
            address, *names = line.split("#")[0].split() or [""]
            if host.lower() in map(str.lower, names):
                return IPv4Address(address)
    return None


def asks_no_server(cloud: Cloud, place: InNetwork) -> bool:
    """True if the first boot of a virtual machine ends its DNS resolver."""
    commands = _settings(cloud, place).get("runcmd", ())
    return any("mask" in command and RESOLVER in command for command in commands if isinstance(command, list))


def _settings(cloud: Cloud, place: InNetwork) -> dict[str, Any]:
    """Return the settings of the first boot; empty for custom data in another form than a JSON document's."""
    try:
        text = base64.b64decode(cloud.first_boot(place.machine.id) if place.machine else "", validate=True).decode()
        found = json.loads(text.partition("\n")[2])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
