"""FW9: no firewall is an explicit proxy."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.azure_semantics.properties import may
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

ENABLED = "explicitProxy.enableExplicitProxy"


def check(policy: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Missing is Azure's default, off."""
    yield from may(policy, ENABLED, False)


POLICY = Policy(
    id="FW9",
    title="No firewall is an explicit proxy",
    why="To a security group a proxy is one private address, whatever lies behind: one rule then leads to every name "
    "that the firewall permits, and routes decide nothing.",
    on=(FIREWALL_POLICY,),
    reads=(ENABLED,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), iso27001=("8.20", "8.22"), five_safes=("outputs",)
    ),
    fix="Remove explicitProxy; what may be reached is named in the firewall's rules, and its addresses in the groups'.",
    check=check,
)
