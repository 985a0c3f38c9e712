"""The firewall allows sign-in by name, and denies all other names first (FW11)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import StackConfig
from policies.azure_semantics.addresses import HTTP, HTTPS, inside
from policies.azure_semantics.firewall import APPLICATION, RULE_PATHS, FirewallRule, rules_of_policy
from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.expected.sign_in import REGISTRATION_HOST, hosts, join_sources, sources
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PROTOCOLS = frozenset([("https", HTTPS), ("http", HTTP)])


def check(policy: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require denials of HTTPS and HTTP for all, in one rule or two, and at most one rule that allows each host of
    sign-in. No other rule allows a name, at any port and over any protocol, before the denials or after them."""
    config, allowed = context.configs.get(policy.stack), set[str]()
    denied: set[tuple[str, tuple[int, int]]] = set()
    for rule in (r for r in rules_of_policy(policy, context) if r.kind == APPLICATION):
        if not rule.allows:
            denied |= set(zip(rule.protocols, rule.ports, strict=True)) if denies_all(rule) else set()
            continue
        again = allowed.intersection(rule.names)
        allowed |= set(rule.names)
        problem = next(_problems(rule, config), "is a second rule for it" if again else "")
        if problem:
            yield Violation("ruleCollectionGroups", f"{rule.name} allows more than sign-in by name: it {problem}")
    if not denied >= PROTOCOLS:
        yield Violation("ruleCollectionGroups", "no rule denies all names to all sources, over HTTPS (443) and HTTP "
                        "(80)")  # fmt: skip


def _problems(rule: FirewallRule, config: StackConfig | None) -> Iterator[str]:
    """Yield what distinguishes a rule from the one for sign-in, and from the one for the join of Windows desks. Without
    a configuration, any private source may be of people."""
    allowed = hosts(config)
    if not rule.names or not allowed.issuperset(rule.names):
        yield f"names {', '.join(sorted(set(rule.names) - allowed)) or 'no host'}"
    if rule.managed_lists:
        yield f"names {', '.join(rule.managed_lists)}, lists that Microsoft maintains"
    if rule.has_urls:
        yield "names URLs, which need TLS inspection"
    if set(zip(rule.protocols, rule.ports, strict=True)) != {("https", HTTPS)}:
        yield "is not for HTTPS at port 443 alone"
    if rule.destinations:
        yield "is limited to addresses, which the firewall ignores"
    joins = REGISTRATION_HOST in rule.names
    known = join_sources(config) if joins else sources(config)
    for source in rule.sources:
        if not source.private or (config and not all(any(inside(n, k) for k in known) for n in source.networks)):
            ranges = "tenancies" if joins else "tenancies or of staff machines"
            yield f"is for {source.text}, which is no range of {ranges}"
    if not rule.sources:
        yield "names no source"


def denies_all(rule: FirewallRule) -> bool:
    """Return True if the rule denies every name to every source, at every destination."""
    return "*" in rule.names and any(s.everywhere for s in rule.sources) and not rule.destinations


POLICY = Policy(
    id="FW11",
    title="The firewall allows sign-in by name, and denies all other names",
    why="For a rule by name the firewall resolves the name and connects to the result, whatever the address that "
    "network security groups allowed: one wrongly permitted name would be enough. Entra has the addresses of Microsoft "
    "Graph, so sign-in is allowed by name.",
    resource_types=(FIREWALL_POLICY,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), caf=("B4.a",), iso27001=("8.20", "8.23"), five_safes=("outputs",)
    ),
    fix="Allow Https:443 to each host of sign-in in one application rule, with `windows_desks` in estate.yaml from "
    "tenancies to that of the join too, and deny *, over Http:80 and Https:443 and from *, directly after it; permit "
    "everything else by address.",
    check=check,
    check_paths=(
        "basePolicy",
        *(path if ":" in path else f"network:FirewallPolicyRuleCollectionGroup:{path}" for path in RULE_PATHS),
    ),
    evaluation_scope="stack",
)
