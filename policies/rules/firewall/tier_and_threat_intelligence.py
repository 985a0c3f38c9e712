"""Firewalls are Premium, use a firewall policy, and deny known threats (FW1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import FIREWALL
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals, not_empty

CLASSIC = ("networkRuleCollections", "natRuleCollections", "applicationRuleCollections")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that a firewall's policy, and a policy's base policy, are in the same check."""
    if resource.type == FIREWALL:
        policy = resource.at("firewallPolicy.id")
        if policy is MISSING:
            yield Violation("firewallPolicy.id", "is not set, so the firewall has no policy")
        elif context.get(policy) is None:
            yield Violation("firewallPolicy.id", "names a policy that is not in this check, so its rules are unknown")
        return
    base = resource.at("basePolicy.id")
    if base is not MISSING and context.get(base) is None:
        yield Violation("basePolicy.id", "names a policy that is not in this check, whose rules would come first")


POLICY = Policy(
    id="FW1",
    title="Firewalls are Premium, use a firewall policy, and deny known threats",
    why="Only Premium detects intrusions, in what is not encrypted: without TLS inspection it sees addresses, names "
    "and handshakes. In alert mode a known command-and-control server is reported but still reachable.",
    resource_types=(FIREWALL_POLICY, FIREWALL),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11",), ncsc=("5", "11"), caf=("B4.a", "C1.c"), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Set sku.tier to Premium and threatIntelMode to Deny, without exceptions, and give the firewall that policy.",
    requires=(
        equals("sku.tier", "Premium", default="Standard"),
        equals("threatIntelMode", "Deny", default="Alert", only_on=FIREWALL_POLICY),
        empty("threatIntelWhitelist.fqdns", "known threats are denied without exception", only_on=FIREWALL_POLICY),
        empty(
            "threatIntelWhitelist.ipAddresses",
            "known threats are denied without exception",
            only_on=FIREWALL_POLICY,
        ),
        *(
            empty(path, "rules belong in the firewall policy, where they are checked", only_on=FIREWALL)
            for path in CLASSIC
        ),
    ),
    check=check,
    required_by_check=(not_empty("firewallPolicy.id", only_on=FIREWALL),),
    check_paths=("basePolicy.id",),
    evaluation_scope="stack",
    checkov=("CKV_AZURE_216",),
)
