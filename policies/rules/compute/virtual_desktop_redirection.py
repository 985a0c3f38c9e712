"""Virtual desktops redirect no devices, and are reachable from inside only (AV1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals

POOL, WORKSPACE = "desktopvirtualization:HostPool", "desktopvirtualization:Workspace"
PROPERTIES = "customRdpProperty"
REDIRECTIONS = {
    "redirectclipboard": ("i", "0", "the clipboard"),
    "drivestoredirect": ("s", "", "drives"),
    "redirectprinters": ("i", "0", "printers"),
    "usbdevicestoredirect": ("s", "", "USB devices"),
    "devicestoredirect": ("s", "", "cameras, phones and players"),
    "camerastoredirect": ("s", "", "cameras"),
    "redirectcomports": ("i", "0", "serial ports"),
    "audiocapturemode": ("i", "0", "microphones"),
}
"""Redirections of a person's own devices, with the value that disables each. Most are enabled by default.
Source: learn.microsoft.com, "Supported RDP properties"."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require that each redirection is disabled explicitly, and once: of two entries, the weaker might win."""
    if resource.type == WORKSPACE:
        return
    entries = _properties(str(resource.at(PROPERTIES) or ""))
    for name, (kind, value, devices) in REDIRECTIONS.items():
        found = entries.get(name, set())
        if found != {(kind, value)}:
            state = "is enabled" if found else "is not disabled"
            yield Violation(PROPERTIES, f"{name} {state}, which redirects {devices}; set {name}:{kind}:{value}")


def _properties(text: str) -> dict[str, set[tuple[str, str]]]:
    """Parse the properties of a connection: `name:kind:value`, divided by semicolons."""
    found: dict[str, set[tuple[str, str]]] = {}
    for entry in text.split(";"):
        name, _, rest = entry.strip().partition(":")
        kind, _, value = rest.partition(":")
        if name:
            found.setdefault(name.strip().lower(), set()).add((kind.strip().lower(), value.strip()))
    return found


POLICY = Policy(
    id="AV1",
    title="Virtual desktops redirect no devices, and are reachable from inside only",
    why="A redirected clipboard, drive or printer takes data out without review.",
    resource_types=(POOL, WORKSPACE),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.01", "3.1.12"),
        ncsc=("11",),
        caf=("B3.d", "B4.a"),
        cyber_essentials=("1.4", "2.3"),
        iso27001=("8.12",),
        five_safes=("outputs",),
    ),
    fix="Turn off clipboard, drives, printers, USB, cameras and ports in customRdpProperty; set publicNetworkAccess to "
    "Disabled.",
    requires=(equals("publicNetworkAccess", "Disabled", default="Enabled"),),
    check=check,
    check_paths=(PROPERTIES,),
)
