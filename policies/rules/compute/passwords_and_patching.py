"""VM5: nobody signs in to a computer with a password, and it patches itself."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import KEPT, may, must
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import COMPUTERS, SCALE_SET, everywhere, inner

LINUX, WINDOWS = "osProfile.linuxConfiguration", "osProfile.windowsConfiguration"
PASSWORD = "osProfile.adminPassword"  # noqa: S105
WHOLE = "upgradePolicy.automaticOSUpgradePolicy.enableAutomaticOSUpgrade"
MODE = "AutomaticByPlatform"


def check(computer: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Where neither system is configured, Azure takes a password and patches nothing."""
    windows = computer.at(inner(computer, WINDOWS)) is not MISSING
    system = inner(computer, WINDOWS if windows else LINUX)
    yield from _windows(computer, system) if windows else _linux(computer, system)
    yield from may(computer, f"{system}.provisionVMAgent", True)
    if not (computer.type == SCALE_SET and computer.at(WHOLE) is True):
        yield from must(computer, f"{system}.patchSettings.patchMode", MODE, default="patches that nobody sees to")
        yield from must(computer, f"{system}.patchSettings.assessmentMode", MODE, default="no look for missing patches")


def _linux(computer: Resource, system: str) -> Iterator[Violation]:
    yield from must(computer, f"{system}.disablePasswordAuthentication", True, default="false")
    if computer.at(inner(computer, PASSWORD)) is not MISSING:
        yield Violation(inner(computer, PASSWORD), "is set; there must be none")


def _windows(computer: Resource, system: str) -> Iterator[Violation]:
    """Windows cannot be made without a password; remote management must not carry it in the clear."""
    yield from may(computer, f"{system}.enableAutomaticUpdates", True)
    for index in range(len(computer.each(f"{system}.winRM.listeners[*]"))):
        yield from must(computer, f"{system}.winRM.listeners[{index}].protocol", "Https", default=KEPT)


POLICY = Policy(
    id="VM5",
    title="Computers take no password and patch themselves as the platform decides",
    why="Passwords are guessed and shared; Entra or a key kept for emergencies are not. A computer without a way to "
    "the Internet is patched by the platform or by nobody.",
    on=COMPUTERS,
    reads=everywhere(
        f"{LINUX}.disablePasswordAuthentication", PASSWORD, f"{WINDOWS}.enableAutomaticUpdates",
        f"{WINDOWS}.winRM.listeners", *(f"{system}.{part}" for system in (LINUX, WINDOWS)
        for part in ("provisionVMAgent", "patchSettings.patchMode", "patchSettings.assessmentMode")),
    ),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("1.5.05", "2.1.06", "2.7.02", "2.7.03", "3.2.01"), ncsc=("5", "10"), iso27001=("8.5", "8.8"),
        five_safes=("people",),
    ),
    fix="Set disablePasswordAuthentication to true, and patchMode and assessmentMode to AutomaticByPlatform.",
    check=check,
    checkov=("CKV_AZURE_149", "CKV_AZURE_178"),
)  # fmt: skip
