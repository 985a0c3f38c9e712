"""The package archives that desks use, as cloud-init settings. Plans show them whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from formats.egress import EgressRule

PIP_CONFIG_PATH = "/etc/pip.conf"
EVERY_ARCHITECTURE = ["default"]


def package_settings(egress: Iterable[EgressRule]) -> dict[str, Any]:
    """Return the package settings for a desk's first boot, by cloud-init's keys (modules "Apt configure" and "Write
    files"); empty if no egress rule names an archive."""
    rules, settings = tuple(egress), dict[str, Any]()
    for archive in (rule.apt for rule in rules if rule.apt):
        # Security updates as well: the distribution's own archives cannot be reached.
        settings["apt"] = {part: [{"arches": EVERY_ARCHITECTURE, "uri": archive}] for part in ("primary", "security")}
    for index in (rule.pip for rule in rules if rule.pip):
        settings["write_files"] = [_file(PIP_CONFIG_PATH, f"[global]\nindex-url = {index}\n")]
    return settings


def _file(path: str, content: str) -> dict[str, str]:
    return {"path": path, "content": content, "permissions": "0644", "owner": "root:root"}
