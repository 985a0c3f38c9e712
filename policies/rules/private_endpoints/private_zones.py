"""Private DNS zones are those of private endpoints (PE7)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.private_link import GROUP_ZONES, ZONE
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

ALLOWED = frozenset(zone for zones in GROUP_ZONES.values() for zone in zones)


def check(zone: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Allow the zones that Azure names for private endpoints, and no other."""
    stated = zone.at("privateZoneName")
    name = ids.name(zone.id) if stated is MISSING else str(stated).lower()
    if name not in ALLOWED:
        yield Violation("privateZoneName", f"is {name or 'not set'}, which is no zone of private endpoints")


POLICY = Policy(
    id="PE7",
    title="Private DNS zones are those of private endpoints",
    why="A private zone answers before public DNS: one for a real name sends its users to another machine.",
    resource_types=(ZONE,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "3.1.12"), ncsc=("11",), caf=("B4.a",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Remove the zone, or use one of policies/azure_semantics/private_link.py.",
    check=check,
    check_paths=("privateZoneName",),
)
