"""Where desks look for packages, as cloud-init is told: text that every plan shows whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infra.egress import EgressRule

PIP = "/etc/pip.conf"
EVERY_ARCHITECTURE = ["default"]


def packages(egress: Iterable[EgressRule]) -> dict[str, Any]:
    """What a desk's first boot is told besides, by cloud-init's own keys (modules "Apt configure" and "Write files");
    nothing where the estate says nothing."""
    rules, told = tuple(egress), dict[str, Any]()
    for archive in (rule.apt for rule in rules if rule.apt):
        # Security updates too: the archives of the distribution itself cannot be reached.
        told["apt"] = {part: [{"arches": EVERY_ARCHITECTURE, "uri": archive}] for part in ("primary", "security")}
    for index in (rule.pip for rule in rules if rule.pip):
        told["write_files"] = [_file(PIP, f"[global]\nindex-url = {index}\n")]
    return told


def _file(path: str, content: str) -> dict[str, str]:
    return {"path": path, "content": content, "permissions": "0644", "owner": "root:root"}
