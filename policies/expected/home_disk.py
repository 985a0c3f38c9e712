"""The cloud-init data that mounts a desk's data disk as /home.

Other values could run a command as root (`cmd` in `fs_setup`), mount over the SSH server's files, or erase the disk.

Source: cloud-init's module reference, "Disk Setup", "Mounts", "Growpart", "Users and Groups".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEVICE = "/dev/disk/azure/data/by-lun/0"
_PARTITION = f"{_DEVICE}-part1"
HOME_DISK: Mapping[str, Any] = {
    "disk_setup": {_DEVICE: {"table_type": "gpt", "layout": True, "overwrite": False}},
    "fs_setup": [
        {"device": _DEVICE, "partition": "any", "filesystem": "ext4", "label": "home", "overwrite": False},
        {"device": "ephemeral0.1", "filesystem": "ext4"},
    ],
    "mounts": [[_PARTITION, "/home", "ext4", "defaults,nofail,nosuid,nodev,x-systemd.growfs", "0", "2"]],
    "growpart": {"mode": "auto", "devices": ["/", _PARTITION]},
    "user": {"name": "breakglass", "homedir": "/var/lib/breakglass"},
}
"""By cloud-init's keys."""
