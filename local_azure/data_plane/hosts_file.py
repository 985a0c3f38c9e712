"""The hosts file of a virtual machine, as its first boot wrote it.

Facts: docs/azure-facts.md#hosts-file-of-a-virtual-machine.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from ipaddress import IPv4Address

from local_azure.model import StoredResource
from local_azure.types.common import value_at

PATH = "/etc/hosts"


def known_hosts(machine: StoredResource) -> Mapping[str, IPv4Address]:
    """Return the addresses by host name that the cloud-init data of a virtual machine (in JSON) appends to its hosts
    file."""
    try:
        text = base64.b64decode(str(value_at(machine.properties, "osProfile.customData", "")), validate=True).decode()
        files = json.loads(text.partition("\n")[2]).get("write_files") or ()
        lines = [line.split() for one in files if one.get("path") == PATH for line in one["content"].splitlines()]
        return {name.lower(): IPv4Address(address) for address, *names in lines for name in names}
    except (ValueError, AttributeError, KeyError, TypeError):
        return {}
