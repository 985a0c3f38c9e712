"""The cloud-init data of a staff machine: a desk's, and Azure's command line from the estate's archives.

`az` is installed because its sign-in and its commands for blobs, and `az rest` for log queries, need Entra and the
service alone: staff reach no Azure Resource Manager (docs/azure-facts.md#azure-command-line-without-resource-manager).
AzCopy is in neither archive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from formats.egress import EgressRule
from infra.first_boot import first_boot
from infra.home_disk import home_disk_settings
from infra.host_names import egress_lines, host_settings
from infra.package_sources import package_settings
from infra.trusted_roots import root_settings

FOLDER = "/opt/azure-cli"
PACKAGES = ("python3-venv",)
INSTALL = (
    ("python3", "-m", "venv", FOLDER),
    # The first version whose sign-in skips the discovery of subscriptions.
    (f"{FOLDER}/bin/pip", "install", "azure-cli>=2.86"),
    ("ln", "-sf", f"{FOLDER}/bin/az", "/usr/local/bin/az"),
)


def staff_first_boot(egress: Sequence[EgressRule], roots: Sequence[str] = ()) -> str:
    """Return the cloud-init data of a staff machine, with the egress rules that name package archives. `roots`: the
    certificates that it trusts besides Ubuntu's."""
    return first_boot(
        home_disk_settings(),
        _tools(egress),
        package_settings(egress),
        host_settings(egress_lines(egress)),
        root_settings(roots),
        commands=INSTALL if _has_tools(egress) else (),
    )


def _tools(egress: Sequence[EgressRule]) -> dict[str, Any]:
    return {"packages": list(PACKAGES)} if _has_tools(egress) else {}


def _has_tools(egress: Sequence[EgressRule]) -> bool:
    """True if the estate has archives for both kinds of package."""
    return any(rule.apt for rule in egress) and any(rule.pip for rule in egress)
