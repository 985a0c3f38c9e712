"""Desks install packages from the estate's archives, and no other (VM21)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.terminal import CUSTOM_DATA, cloud_config
from policies.azure_semantics.windows_desk import settings_of
from policies.expected import package_sources
from policies.expected.staff import archives_of, desk_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare the archives of apt and pip, and the server of Windows updates, with those of the egress rules, and with
    former ones that the estate names.

    VM16 refuses what cannot be read.
    """
    config, found = context.configs[machine.stack], cloud_config(machine.at(CUSTOM_DATA))
    desk, egress = desk_of(machine.name, config), archives_of(config)
    windows = settings_of(machine)
    if desk and egress is not None and windows and windows.get("wsus") not in package_sources.updates(egress, desk):
        yield Violation(CUSTOM_DATA, "has another server of updates than the egress rules of the estate, and no former "
                        "one")  # fmt: skip
    if desk is None or egress is None or found is None:
        return
    if found.get("apt", {}) not in package_sources.apt(egress, desk):
        yield Violation(CUSTOM_DATA, "has other apt archives than the egress rules of the estate, and no former ones")
    files = [one for one in found.get("write_files", []) if one.get("path") == package_sources.PIP_CONFIG]
    if [one.get("content") for one in files] not in package_sources.pip(egress, desk):
        yield Violation(CUSTOM_DATA, "has another pip index than the egress rules of the estate, and no former one")


POLICY = Policy(
    id="VM21",
    title="Desks install packages from the estate's archives, and no other",
    why="Packages run as root when they are installed: an archive that nobody approved may contain anything.",
    resource_types=("compute:VirtualMachine",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.06", "2.7.02"), ncsc=("5", "8"), caf=("A4.b", "B4.b"), iso27001=("8.19",), five_safes=("settings",)
    ),
    fix="Name the archives in `apt`, `pip` and `wsus` of an egress rule. A desk keeps those of its first boot: "
    "name them in former_archives of estate.yaml until it is rebuilt, or rebuild it (`rebuilds` in the request).",
    check=check,
    check_paths=(CUSTOM_DATA,),
    applies=lambda machine, _: machine.at(CUSTOM_DATA) is not MISSING,
    needs_config=True,
)
