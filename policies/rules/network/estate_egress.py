"""Rules of network security groups stay in the estate, except the egress rules that it names (NW21)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from formats.egress import EgressRule
from formats.stack_config import StackConfig
from policies.azure_semantics.addresses import HTTPS
from policies.azure_semantics.bastion import GROUP, is_required_by_bastion
from policies.azure_semantics.security_group import RULE, NsgRule, rules_in
from policies.expected.sign_in import ADDRESS as SIGN_IN
from policies.expected.staff import archives_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.estate_egress import foreign_sources, unnamed
from policies.rules.network.nsg_outbound_internet import POLICY as OUTBOUND


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse sources outside the estate, and destinations outside it that it does not name for a tenancy, or for staff.
    Other stacks have none."""
    config = context.configs[group.stack]
    egress = archives_of(config)
    for rule in rules_in(group):
        if rule.allows and not is_required_by_bastion(rule, group, context):
            for message in _outside(rule, egress, config):
                yield Violation(rule.path or "destinationAddressPrefix", f"{rule.name} {message}")


def _outside(rule: NsgRule, egress: Sequence[EgressRule] | None, config: StackConfig) -> Iterator[str]:
    """Yield what is wrong with a rule. `egress`: None in a stack that has no computers of people, which sign in."""
    if rule.inbound:
        return foreign_sources(rule.sources, config)
    signs_in = egress is not None and set(rule.ports) == {HTTPS}
    destinations = [one for one in rule.destinations if not (signs_in and set(one.networks) == {SIGN_IN})]
    return unnamed(destinations, rule.ports, egress or (), config)


POLICY = Policy(
    id="NW21",
    title="Rules of network security groups stay in the estate, except the egress rules that it names",
    why="A way out that the estate does not name has no owner, no approver and no end.",
    resource_types=(GROUP, RULE),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"),
        ncsc=("11",),
        caf=("B4.a", "B4.b", "B5.b"),
        cyber_essentials=("1.6",),
        iso27001=("8.12",),
        five_safes=("outputs",),
    ),
    fix="Add an egress rule with its approval to estate.yaml; the rules of the groups are made from it.",
    check=check,
    check_paths=OUTBOUND.check_paths,
    evaluation_scope="stack",
    needs_config=True,
)
