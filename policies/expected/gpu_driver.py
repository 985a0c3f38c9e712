"""The cloud-init data that installs the GPU driver of a desk. Another package could run any program as root.

Source: packages.ubuntu.com, "linux-modules-nvidia-580-server-azure".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GPU_DRIVER: Mapping[str, Any] = {
    "packages": ["linux-modules-nvidia-580-server-azure", "nvidia-utils-580-server"],
    "package_reboot_if_required": True,
}
"""By cloud-init's keys."""
