"""FW2: firewalls deny what looks like an intrusion."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.azure_semantics.properties import entries, must, must_not_be_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

SETTINGS = "intrusionDetection.configuration"


def check(policy: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A signature that is turned down, or traffic that is let past, is a hole in the same wall."""
    yield from must(policy, "intrusionDetection.mode", "Deny", default="Off")
    yield from must_not_be_set(policy, f"{SETTINGS}.bypassTrafficSettings", "all traffic must be inspected")
    yield from must_not_be_set(policy, f"{SETTINGS}.privateRanges", "Azure's own private ranges must stay the inside")
    for entry in entries(policy, f"{SETTINGS}.signatureOverrides"):
        yield from must(policy, f"{entry}.mode", "Deny")


POLICY = Policy(
    id="FW2",
    title="Firewalls deny what looks like an intrusion",
    why="A detection that only reports is read after the data has gone.",
    on=(FIREWALL_POLICY,),
    reads=(
        "intrusionDetection.mode",
        f"{SETTINGS}.bypassTrafficSettings",
        f"{SETTINGS}.signatureOverrides",
        f"{SETTINGS}.privateRanges",
    ),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.5.03",), ncsc=("5",), iso27001=("8.16",), five_safes=("settings",)),
    fix="Set intrusionDetection.mode to Deny, without bypasses and without weaker signatures.",
    check=check,
)
