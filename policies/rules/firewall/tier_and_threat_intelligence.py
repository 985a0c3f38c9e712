"""FW1: firewalls are of the Premium tier, keep their rules in a policy, and deny what is known to be hostile."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import FIREWALL
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.azure_semantics.properties import must, must_not_be_set
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CLASSIC = ("networkRuleCollections", "natRuleCollections", "applicationRuleCollections")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """A policy that inherits says its own mode all the same: the stricter of the two holds."""
    yield from must(resource, "sku.tier", "Premium", default="Standard")
    if resource.type == FIREWALL:
        yield from _ruled(resource, context)
        return
    yield from must(resource, "threatIntelMode", "Deny", default="Alert")
    base = resource.at("basePolicy.id")
    if base is not MISSING and context.get(base) is None:
        yield Violation("basePolicy.id", "names a policy that is not judged here, whose rules would come first")
    for list_ in ("threatIntelWhitelist.fqdns", "threatIntelWhitelist.ipAddresses"):
        yield from must_not_be_set(resource, list_, "what is known to be hostile is denied without exception")


def _ruled(firewall: Resource, context: PolicyContext) -> Iterator[Violation]:
    policy = firewall.at("firewallPolicy.id")
    if policy is MISSING:
        yield Violation("firewallPolicy.id", "is not set: the firewall decides without a policy")
    elif context.get(policy) is None:
        yield Violation("firewallPolicy.id", "names a policy that is not judged here, so nobody saw its rules")
    for list_ in CLASSIC:
        yield from must_not_be_set(firewall, list_, "rules belong into the policy, where they are judged")


POLICY = Policy(
    id="FW1",
    title="Firewalls are Premium, ruled by a policy, and deny known threats",
    why="Only Premium inspects what passes; in alert mode a known command-and-control server is reported and reached.",
    on=(FIREWALL_POLICY, FIREWALL),
    reads=("sku.tier", "threatIntelMode", "threatIntelWhitelist", "firewallPolicy.id", "basePolicy.id", *CLASSIC),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.11",), ncsc=("5", "11"), iso27001=("8.20",), five_safes=("settings",)),
    fix="Set sku.tier to Premium and threatIntelMode to Deny, without exceptions, and give the firewall that policy.",
    check=check,
    scope="stack",
    checkov=("CKV_AZURE_216",),
)
