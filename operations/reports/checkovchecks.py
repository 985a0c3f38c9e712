"""Checkov's custom checks, derived from the requirements of the catalogue.

Checkov runs in an environment of its own, without our packages: `write_checks` puts the checks as JSON into a folder,
with a copy of the module that registers them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from formats.arm.routes import route
from formats.arm.sdk import PREFIX
from formats.errors import InputError
from operations.export.arm_property_path import arm_path
from operations.settings import ROOT
from policies.model import Policy
from policies.requirements import Requirement
from policies.rules import load

MODULES = ("__init__.py", "custom.py", "conditions.py")
"""Checkov loads the modules of a package only."""
SOURCE = ROOT / "policies" / "checkov"
PREFIX_OF_IDS = "CKV_SDE_"
ARM_TYPES = {
    "dbforpostgresql:Server": ("Microsoft.DBforPostgreSQL/flexibleServers", "properties."),
    "dataprotection:BackupVault": ("Microsoft.DataProtection/backupVaults", ""),
    "desktopvirtualization:HostPool": ("Microsoft.DesktopVirtualization/hostPools", "properties."),
    "recoveryservices:Vault": ("Microsoft.RecoveryServices/vaults", ""),
}
"""Types that the exporter does not support: the ARM type, and a prefix of paths if azure-native leaves out
`properties`."""


def write_checks(folder: Path) -> Path:
    """Write the checks and their module into a folder for Checkov's `--external-checks-dir`."""
    for module in MODULES:
        shutil.copy(SOURCE / module, folder)
    (folder / "checks.json").write_text(json.dumps(checks(), ensure_ascii=False), encoding="utf-8")
    return folder


@cache
def checks() -> list[dict[str, Any]]:
    """Return one check for each policy with requirements, by ARM type, in the catalogue's order."""
    found = [(policy, _conditions(policy)) for policy in load().values()]
    return [
        {"id": PREFIX_OF_IDS + policy.id, "policy": policy.id, "title": policy.title, "severity": policy.severity.value,
         "fix": policy.fix, "on": conditions}
        for policy, conditions in found if conditions
    ]  # fmt: skip


def _conditions(policy: Policy) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for type_, requirement in requirements_of(policy):
        found.setdefault(arm_type(type_), []).append(_condition(type_, requirement))
    return found


def requirements_of(policy: Policy) -> Iterator[tuple[str, Requirement]]:
    """Yield each requirement with each of its types that ARM templates can have."""
    for requirement in policy.requirements:
        for type_ in policy.resource_types:
            if requirement.applies_to(type_) and _is_known(type_):
                yield type_, requirement


def _is_known(type_: str) -> bool:
    try:
        return bool(arm_type(type_))
    except InputError:
        return False


def arm_type(type_: str) -> str:
    """Return the ARM type of an azure-native type. `InputError` for one that the exporter does not know."""
    return ARM_TYPES[type_][0] if type_ in ARM_TYPES else route(PREFIX + type_).arm_type


def _condition(type_: str, requirement: Requirement) -> dict[str, Any]:
    found = {"path": path_of(type_, requirement.path), "operator": requirement.operator.value,
             "values": list(requirement.values)}  # fmt: skip
    if requirement.unless is None:
        return found
    path, values = requirement.unless
    return found | {"unless": [["name"] if path == "name" else path_of(type_, path), list(values)]}


def path_of(type_: str, path: str) -> list[str]:
    """Return the steps of a property path with ARM's names."""
    if type_ in ARM_TYPES:
        return (ARM_TYPES[type_][1] + path).split(".")
    return arm_path(PREFIX + type_, path)
