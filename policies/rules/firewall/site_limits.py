"""A connected site is denied every address but its inboxes, before any rule allows one (FW14)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.addresses import ALL_PORTS
from policies.azure_semantics.firewall import NETWORK_RULE, RULE_PATHS, FirewallRule, rules_of_policy
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.expected.sites import all_but, sites_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(policy: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require denials of each range of a site, which precede every rule that allows traffic by address."""
    rules = [rule for rule in rules_of_policy(policy, context) if rule.kind == NETWORK_RULE]
    first = min((rule.priority for rule in rules if rule.allows), default=None)
    denials = [r for r in rules if not r.allows and (first is None or r.priority < first) and _is_of_all_traffic(r)]
    for site in sites_of(context.configs.get(policy.stack)):
        for range_ in site.ranges:
            denied = [d for rule in denials if any(s.covers(range_) for s in rule.sources) for d in rule.destinations]
            if missing := next((one for one in all_but(site.inboxes) if not any(d.covers(one) for d in denied)), None):
                yield Violation("", f"does not deny {missing} to {range_} of {site.name} before other rules")


def _is_of_all_traffic(rule: FirewallRule) -> bool:
    """Return True if a rule matches each protocol and port."""
    return "any" in rule.protocols and any(low <= 1 and high >= ALL_PORTS[1] for low, high in rule.ports)


POLICY = Policy(
    id="FW14",
    title="A connected site is denied every address but its inboxes, before any rule allows one",
    why="A mistaken rule that allows too much would let a site reach other providers' inboxes, zones and tenancies.",
    resource_types=(FIREWALL_POLICY,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10", "2.2.11"),
        ncsc=("3", "11"),
        caf=("A4.a", "B4.a"),
        iso27001=("8.20", "8.22"),
        five_safes=("settings",),
    ),
    fix="Add a rule collection group with the lowest priority of all network rules, which denies each site's ranges "
    "every address except its inboxes, for each protocol and port.",
    check=check,
    check_paths=tuple(
        path if ":" in path else f"network:FirewallPolicyRuleCollectionGroup:{path}" for path in RULE_PATHS
    ),
    applies=lambda resource, context: bool(sites_of(context.configs.get(resource.stack))),
    evaluation_scope="stack",
    needs_config=True,
)
