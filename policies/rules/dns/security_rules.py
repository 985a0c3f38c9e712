"""Rules of DNS security policies are on, and allow no name at large (DN1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import display, entries, lower_text, texts
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals, equals_if_set
from policies.rule_helpers.references import own

RULE, LIST = "dnsresolver:DnsSecurityRule", "dnsresolver:DnsResolverDomainList"
ACTION, LISTS = "action.actionType", "dnsResolverDomainLists"
RESPONSE, MIN_LABELS = "action.blockResponseCode", 2


def check(rule: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require domain lists of the stack. Allow and Alert both answer a query, and end the search for a Block rule."""
    if rule.at(RESPONSE) not in (MISSING, "SERVFAIL"):  # a property of the preview version alone
        yield Violation(RESPONSE, f"is {display(rule.at(RESPONSE))}; it must be SERVFAIL")
    if not entries(rule, LISTS):
        yield Violation(LISTS, "has no entry, so the rule applies to no name")
    answers = lower_text(rule, ACTION) != "block"
    for entry in entries(rule, LISTS):
        domains = own(rule.at(f"{entry}.id"), rule, context, LIST, same_stack=True)
        if domains is None:
            yield Violation(f"{entry}.id", "is not a domain list of this stack that is checked here")
        for name in texts(domains, "domains") if domains and answers else ():
            if len(ids.plain(name).strip(".").split(".")) < MIN_LABELS:
                yield Violation(f"{entry}.id", f"has {display(name)}, so that no later rule could block a name in it")


POLICY = Policy(
    id="DN1",
    title="Rules of DNS security policies are on, and allow no name at large",
    why="Data leaves in the names of DNS queries. Rules apply in the order of their priority, so that one that answers "
    "every name makes the others void (Azure DNS, DNS security policy).",
    resource_types=(RULE,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), iso27001=("8.12", "8.23"), five_safes=("settings", "outputs")
    ),
    fix="Set dnsSecurityRuleState to Enabled, name domain lists of the stack, and in rules that allow or alert only "
    "domains of two labels or more.",
    requires=(
        equals(ACTION, "Block", "Allow", "Alert"),
        equals_if_set("dnsSecurityRuleState", "Enabled"),
    ),
    check=check,
    check_paths=(RESPONSE, f"{LISTS}[*].id", f"{LIST}:domains"),
    evaluation_scope="stack",
)
