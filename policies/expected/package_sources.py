"""The package archives of desks, as cloud-init settings: those that the egress rules of their kind name.

Source: cloud-init's module reference, "Apt Configure", "Write Files"; pip's documentation, "Configuration".
"""

from __future__ import annotations

from typing import Any

from formats.stack_config import TenancyConfig

PIP_CONFIG = "/etc/pip.conf"


def apt(config: TenancyConfig) -> dict[str, Any]:
    """Return cloud-init's setting `apt`; empty if no egress rule names an archive."""
    archive = next((rule.apt for rule in config.egress if rule.apt), None)
    if archive is None:
        return {}
    return {part: [{"arches": ["default"], "uri": archive}] for part in ("primary", "security")}


def pip(config: TenancyConfig) -> str | None:
    """Return the content of pip's configuration file; None if no egress rule names an index."""
    index = next((rule.pip for rule in config.egress if rule.pip), None)
    return f"[global]\nindex-url = {index}\n" if index else None
