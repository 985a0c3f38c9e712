"""The package archives of desks, as cloud-init settings: those that the egress rules of their kind name, and
former ones that the estate names for desks from before.

Source: cloud-init's module reference, "Apt Configure", "Write Files"; pip's documentation, "Configuration".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from formats.computers import ComputerConfig
from formats.egress import NO_ARCHIVE, EgressRule

PIP_CONFIG = "/etc/pip.conf"


def apt(egress: Sequence[EgressRule], desk: ComputerConfig) -> list[dict[str, Any]]:
    """Return the accepted values of cloud-init's setting `apt`: of the rules' archive, and of former ones."""
    return [_apt(archive) for archive in _accepted(desk, next((rule.apt for rule in egress if rule.apt), None))]


def pip(egress: Sequence[EgressRule], desk: ComputerConfig) -> list[list[str]]:
    """Return the accepted contents of pip's configuration file, as lists that are empty where there is no file."""
    index = next((rule.pip for rule in egress if rule.pip), None)
    return [_pip(archive) for archive in _accepted(desk, index) if archive is None or archive.startswith("https:")]


def updates(egress: Sequence[EgressRule], desk: ComputerConfig) -> list[str | None]:
    """Return the accepted servers of Windows updates; None is among them where a desk may have none."""
    return _accepted(desk, next((rule.wsus for rule in egress if rule.wsus), None))


def _accepted(desk: ComputerConfig, present: str | None) -> list[str | None]:
    """Return the archive that a new desk gets, and those that a desk from before may still have."""
    return [present, *(None if former == NO_ARCHIVE else former for former in desk.former_archives)]


def _apt(archive: str | None) -> dict[str, Any]:
    if archive is None:
        return {}
    return {part: [{"arches": ["default"], "uri": archive}] for part in ("primary", "security")}


def _pip(index: str | None) -> list[str]:
    return [f"[global]\nindex-url = {index}\n"] if index else []
