"""The GPU driver of a desk, as cloud-init settings.

Sources: packages.ubuntu.com, "linux-modules-nvidia-580-server-azure", from linux-restricted-modules, which Canonical
signs, so that secure boot loads it; cloud-init's module reference, "Package Update Upgrade Install".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from formats.egress import EgressRule
from formats.vm_size_names import has_gpu, has_nvidia_compute_gpu

DRIVER = "nvidia-580-server"
PACKAGES = ("linux-modules-nvidia-580-server-azure", "nvidia-utils-580-server")
NO_PACKAGE = "none: no signed driver for this size is installed"
NO_ARCHIVE = "none: no egress rule names an apt archive"


def gpu_driver(size: str, egress: Sequence[EgressRule]) -> str | None:
    """Return the name of the driver that a desk gets, or `none` with the reason. None: the size has no GPU."""
    if not has_gpu(size):
        return None
    if not has_nvidia_compute_gpu(size):
        return NO_PACKAGE
    return DRIVER if any(rule.apt for rule in egress) else NO_ARCHIVE


def gpu_driver_settings(size: str, egress: Sequence[EgressRule]) -> dict[str, Any]:
    """Return the settings by cloud-init's keys; empty without a driver."""
    if gpu_driver(size, egress) != DRIVER:
        return {}
    # The modules may come with a newer kernel than the image's. Then cloud-init restarts the desk at its first boot.
    return {"packages": list(PACKAGES), "package_reboot_if_required": True}
