"""Rules of DNS security policies are on, and block every name or allow approved domains (DN1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.dns_policies import ACTION, DOMAINS, LIST, LISTS, RULE, is_answered_domain, plain_domain
from policies.azure_semantics.properties import display, entries, lower_text, texts
from policies.expected.dns_domains import EVERY_NAME
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals, equals_if_set
from policies.rule_helpers.references import own

RESPONSE = "action.blockResponseCode"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require rules with domain lists of the stack, and lists that fit the rules that have them."""
    yield from (_check_rule if resource.type == RULE else _check_list)(resource, context)


def _check_rule(rule: Resource, context: PolicyContext) -> Iterator[Violation]:
    if rule.at(RESPONSE) not in (MISSING, "SERVFAIL"):  # a property of the preview version alone
        yield Violation(RESPONSE, f"is {display(rule.at(RESPONSE))}; it must be SERVFAIL")
    if not entries(rule, LISTS):
        yield Violation(LISTS, "has no entry, so the rule applies to no name")
    answers = lower_text(rule, ACTION) != "block"
    for entry in entries(rule, LISTS):
        domains = own(rule.at(f"{entry}.id"), rule, context, LIST, same_stack=True)
        if domains is None:
            yield Violation(f"{entry}.id", "is not a domain list of this stack that is checked here")
        elif answers and EVERY_NAME in map(plain_domain, texts(domains, DOMAINS)):
            yield Violation(f"{entry}.id", "has every name, which a rule may only block")


def _check_list(domains: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a list that a rule has: with every name in a rule that blocks, and with approved domains in one that
    answers. Allow and Alert both answer a query, and end the search for a Block rule."""
    names = [plain_domain(text) for text in texts(domains, DOMAINS)]
    rules = context.referencing(RULE, f"{LISTS}[*].id", domains)
    if not names or not rules:
        yield Violation("", "is an empty list of domains, or one that no rule has: it neither blocks nor allows a name")
    for rule in rules:
        if lower_text(rule, ACTION) == "block":
            if EVERY_NAME not in names:
                yield Violation(DOMAINS, f"is {display(names)}, so that {rule.name} blocks some names only; it must "
                                "have '.'")  # fmt: skip
        else:
            for name in names:
                if not is_answered_domain(name):
                    yield Violation(DOMAINS, f"has {display(name or '.')}, which is no approved domain")


POLICY = Policy(
    id="DN1",
    title="Rules of DNS security policies are on, and block every name or allow approved domains",
    why="Data leaves in the names of DNS queries. Rules apply in the order of their priority, so that one that answers "
    "every name makes the others void (Azure DNS, DNS security policy).",
    resource_types=(RULE, LIST),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"),
        ncsc=("11",),
        caf=("B4.a",),
        iso27001=("8.12", "8.23"),
        five_safes=("settings", "outputs"),
    ),
    fix="Set dnsSecurityRuleState to Enabled, and name domain lists of the stack: with '.' in a rule that blocks, with "
    "domains of policies/expected/dns_domains.py in one that allows.",
    requires=(
        equals(ACTION, "Block", "Allow", "Alert", only_on=RULE),
        equals_if_set("dnsSecurityRuleState", "Enabled", only_on=RULE),
    ),
    check=check,
    check_paths=(f"{RULE}:{RESPONSE}", f"{RULE}:{LISTS}[*].id", f"{RULE}:{ACTION}", f"{LIST}:{DOMAINS}"),
    evaluation_scope="stack",
)
