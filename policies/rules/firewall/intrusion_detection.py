"""Firewalls deny detected intrusions (FW2)."""

from __future__ import annotations

from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import empty, equals

SETTINGS = "intrusionDetection.configuration"


POLICY = Policy(
    id="FW2",
    title="Firewalls deny detected intrusions",
    why="An intrusion that is only reported is noticed after the data has left.",
    resource_types=(FIREWALL_POLICY,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.5.03",), ncsc=("5",), caf=("B4.a", "C1.c"), iso27001=("8.16",), five_safes=("settings",)
    ),
    fix="Set intrusionDetection.mode to Deny, without bypasses and without weaker signatures.",
    requires=(
        equals("intrusionDetection.mode", "Deny", default="Off"),
        empty(f"{SETTINGS}.bypassTrafficSettings", "all traffic must be inspected"),
        empty(f"{SETTINGS}.privateRanges", "Azure's own private ranges must count as inside"),
        equals(f"{SETTINGS}.signatureOverrides[*].mode", "Deny"),
    ),
)
