"""Firewalls are not explicit proxies (FW9)."""

from __future__ import annotations

from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals_if_set

POLICY = Policy(
    id="FW9",
    title="Firewalls are not explicit proxies",
    why="A network security group sees only the proxy's address: one rule then reaches every name that the "
    "firewall permits, and routes have no effect.",
    resource_types=(FIREWALL_POLICY,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), caf=("B4.a",), iso27001=("8.20", "8.22"), five_safes=("outputs",)
    ),
    fix="Remove explicitProxy. Allow each destination by address in the firewall's rules and in the NSG rules.",
    requires=(equals_if_set("explicitProxy.enableExplicitProxy", False),),
)
