"""AV1: virtual desktops carry nothing, and are reached inside alone."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

POOL, WORKSPACE = "desktopvirtualization:HostPool", "desktopvirtualization:Workspace"
CLOSED = {
    "redirectclipboard": ("i", "0", "the clipboard"),
    "drivestoredirect": ("s", "", "drives"),
    "redirectprinters": ("i", "0", "printers"),
    "usbdevicestoredirect": ("s", "", "USB devices"),
    "devicestoredirect": ("s", "", "cameras, phones and players"),
    "camerastoredirect": ("s", "", "cameras"),
    "redirectcomports": ("i", "0", "serial ports"),
    "audiocapturemode": ("i", "0", "microphones"),
}
"""What of people's own computers must not be connected: the value that turns it off. Left out, most are on.

Source: learn.microsoft.com, "Supported RDP properties"."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Each must be turned off in so many words; of two entries for one, the weaker might hold."""
    if resource.type == WORKSPACE:
        yield from must(resource, "publicNetworkAccess", "Disabled", default="Enabled")
        return
    yield from must(resource, "publicNetworkAccess", "Disabled", default="Enabled")
    said = _properties(str(resource.at("customRdpProperty") or ""))
    for name, (kind, value, what) in CLOSED.items():
        found = said.get(name, set())
        if found != {(kind, value)}:
            how = "is not turned off" if not found else "is on"
            yield Violation("customRdpProperty", f"{name} {how}: {what} would be connected; set {name}:{kind}:{value}")


def _properties(text: str) -> dict[str, set[tuple[str, str]]]:
    """The entries of a connection's properties: `name:kind:value`, divided by semicolons."""
    found: dict[str, set[tuple[str, str]]] = {}
    for entry in text.split(";"):
        name, _, rest = entry.strip().partition(":")
        kind, _, value = rest.partition(":")
        if name:
            found.setdefault(name.strip().lower(), set()).add((kind.strip().lower(), value.strip()))
    return found


POLICY = Policy(
    id="AV1",
    title="Virtual desktops carry nothing, and are reached inside alone",
    why="A clipboard, a drive or a printer that is connected carries data out without anybody having checked it.",
    on=(POOL, WORKSPACE),
    reads=("customRdpProperty", "publicNetworkAccess"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(satre=("2.1.01", "3.1.12"), ncsc=("11",), iso27001=("8.12",), five_safes=("outputs",)),
    fix="Turn off clipboard, drives, printers, USB, cameras and ports in customRdpProperty; set publicNetworkAccess to "
    "Disabled.",
    check=check,
)
