"""The cloud-init settings that format a desk's data disk once and mount it as /home.

Sources: cloud-init's module reference, "Disk Setup", "Mounts", "Growpart", "Users and Groups"; learn.microsoft.com,
"Learn about Azure-VM-Utils"; systemd.mount(5). Details: docs/azure-facts.md#data-disks-in-the-guest.
"""

from __future__ import annotations

from typing import Any

from infra.first_boot import ADMINISTRATOR

LUN = 0
"""The LUN of the data disk on the virtual machine."""
DEVICE = f"/dev/disk/azure/data/by-lun/{LUN}"
"""The link of azure-vm-utils, which Ubuntu's images have. It is the same for SCSI and for NVMe, which the sizes of
version 6 have; /dev/disk/azure/scsi1 exists for SCSI only."""
PARTITION = f"{DEVICE}-part1"
EMERGENCY_HOME = f"/var/lib/{ADMINISTRATOR}"
"""Outside of /home. cloud-init adds keys to a file of authorised keys and removes none, so that the data disk would
carry a revoked key to the next virtual machine."""


def home_disk_settings() -> dict[str, Any]:
    """Return the settings by cloud-init's keys."""
    return {
        "disk_setup": {DEVICE: {"table_type": "gpt", "layout": True, "overwrite": False}},
        # With `any`, cloud-init formats a blank partition and never one with a file system. With a number it formats
        # in spite of `overwrite` where the label differs; with `none`, always (canonical/cloud-init #3902).
        "fs_setup": [
            {"device": DEVICE, "partition": "any", "filesystem": "ext4", "label": "home", "overwrite": False},
            # The list replaces Azure's own, whose one entry is the temporary disk.
            {"device": "ephemeral0.1", "filesystem": "ext4"},
        ],
        "mounts": [[PARTITION, "/home", "ext4", "defaults,nofail,nosuid,nodev,x-systemd.growfs", "0", "2"]],
        "growpart": {"mode": "auto", "devices": ["/", PARTITION]},
        "user": {"name": ADMINISTRATOR, "homedir": EMERGENCY_HOME},
    }
