"""Virtual machines accept no passwords, and the platform patches them (VM5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import require, require_if_set
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import MACHINES, SCALE_SET, for_vm_and_scale_set, profile_path

LINUX, WINDOWS = "osProfile.linuxConfiguration", "osProfile.windowsConfiguration"
PASSWORD = "osProfile.adminPassword"  # noqa: S105
OS_UPGRADE = "upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade"
MODE = "AutomaticByPlatform"
UNATTENDED = "additionalUnattendContent"


def check(machine: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Check the Windows or Linux settings. Without settings, Azure accepts a password and patches nothing."""
    windows = machine.at(profile_path(machine, WINDOWS)) is not MISSING
    system = profile_path(machine, WINDOWS if windows else LINUX)
    yield from _check_windows(machine, system) if windows else _check_linux(machine, system)
    yield from require_if_set(machine, f"{system}.provisionVMAgent", True)
    if not (machine.type == SCALE_SET and machine.at(OS_UPGRADE) is True):
        yield from require(machine, f"{system}.patchSettings.patchMode", MODE, default="no automatic patches")
        yield from require(
            machine, f"{system}.patchSettings.assessmentMode", MODE, default="no assessment of missing patches"
        )


def _check_linux(machine: Resource, system: str) -> Iterator[Violation]:
    yield from require(machine, f"{system}.disablePasswordAuthentication", True, default="false")
    if machine.at(profile_path(machine, PASSWORD)) is not MISSING:
        yield Violation(profile_path(machine, PASSWORD), "is set; it must not be")


def _check_windows(machine: Resource, system: str) -> Iterator[Violation]:
    """Require updates, and no remote management, which takes passwords. Azure requires a password for Windows, so it is
    not refused. VM20 judges the account."""
    yield from require_if_set(machine, f"{system}.enableAutomaticUpdates", True)
    if machine.each(f"{system}.winRM.listeners[*]"):
        yield Violation(f"{system}.winRM.listeners", "is set; a listener for remote management must not be")
    if machine.at(f"{system}.{UNATTENDED}") is not MISSING:
        yield Violation(f"{system}.{UNATTENDED}", "is set; commands and automatic sign-ins at setup must not be")


POLICY = Policy(
    id="VM5",
    title="Virtual machines accept no passwords, and the platform patches them",
    why="Passwords are guessed and shared, unlike Entra ID sign-in or an emergency key. A machine without "
    "Internet access is patched by the platform or not at all.",
    resource_types=MACHINES,
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("1.5.05", "2.1.06", "2.7.02", "2.7.03", "3.2.01"),
        ncsc=("5", "10"),
        caf=("B2.a", "B4.b", "B4.d"),
        cyber_essentials=("2.2", "2.3", "3.3"),
        iso27001=("8.5", "8.8"),
        five_safes=("people",),
    ),
    fix="Set disablePasswordAuthentication to true, and patchMode and assessmentMode to AutomaticByPlatform. Remove "
    "listeners and unattended content of Windows.",
    check=check,
    check_paths=for_vm_and_scale_set(
        f"{LINUX}.disablePasswordAuthentication",
        PASSWORD,
        f"{WINDOWS}.enableAutomaticUpdates",
        f"{WINDOWS}.winRM.listeners",
        f"{WINDOWS}.{UNATTENDED}",
        *(
            f"{system}.{part}"
            for system in (LINUX, WINDOWS)
            for part in ("provisionVMAgent", "patchSettings.patchMode", "patchSettings.assessmentMode")
        ),
    ),
    checkov=("CKV_AZURE_149", "CKV_AZURE_178"),
)
