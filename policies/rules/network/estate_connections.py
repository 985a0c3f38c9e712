"""Security groups and the firewall allow only the connections that the estate names (NW23)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from policies.azure_semantics.addresses import Span, inside
from policies.azure_semantics.bastion import GROUP, is_required_by_bastion
from policies.azure_semantics.firewall import GROUP as RULE_GROUP
from policies.azure_semantics.firewall import NETWORK_RULE, RULE_PATHS, rules_of
from policies.azure_semantics.security_group import RULE, rules_in
from policies.expected.connections import Connection, connections
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rules.network.nsg_outbound_internet import POLICY as OUTBOUND


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require that each allowing rule is a part of one connection: its sources, destinations, ports and protocols."""
    stack = resource.stack
    known = context.once(("connections", stack), lambda: connections(context.configs[stack], context.configs))
    if known is None:
        return
    if resource.type == RULE_GROUP:
        for rule in rules_of(resource, context):
            if rule.allows and rule.kind == NETWORK_RULE:
                found = (rule.sources, rule.destinations, rule.ports, rule.protocols)
                if not any(_covers(one, *found) for one in known):
                    yield Violation(rule.path, f"{rule.name} allows a connection that the estate does not name")
        return
    for group_rule in rules_in(resource):
        if group_rule.allows and not is_required_by_bastion(group_rule, resource, context):
            ends = (group_rule.sources, group_rule.destinations, group_rule.ports, (group_rule.protocol,))
            if group_rule.has_application_group or not any(_covers(one, *ends) for one in known):
                path = group_rule.path or "destinationAddressPrefix"
                yield Violation(path, f"{group_rule.name} allows a connection that the estate does not name")


def _covers(
    known: Connection,
    sources: Sequence[Span],
    destinations: Sequence[Span],
    ports: Collection[tuple[int, int]],
    protocols: Collection[str],
) -> bool:
    return (
        set(ports) <= known.ports
        and set(protocols) <= known.protocols
        and all(one.networks and all(inside(network, known.source) for network in one.networks) for one in sources)
        and all(_reaches(known, one) for one in destinations)
        and bool(sources and destinations and ports and protocols)
    )


def _reaches(known: Connection, destination: Span) -> bool:
    return bool(destination.networks) and all(
        network in known.destinations or any(inside(network, one) for one in known.destinations)
        for network in destination.networks
    )


POLICY = Policy(
    id="NW23",
    title="Security groups and the firewall allow only the connections that the estate names",
    why="Each flow has several controls; a rule that nobody asked for removes one of them unnoticed.",
    resource_types=(GROUP, RULE, RULE_GROUP),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10", "2.2.11"),
        ncsc=("3", "11"),
        caf=("B4.a", "B4.b"),
        cyber_essentials=("1.5", "1.6"),
        iso27001=("8.20", "8.22"),
        five_safes=("settings",),
    ),
    fix="Remove the rule; or have the owners of the policies add the connection to policies/expected/connections.py.",
    check=check,
    check_paths=(
        *(f"{RULE_GROUP}:{path}" for path in RULE_PATHS if ":" not in path),
        *OUTBOUND.check_paths,
    ),
    evaluation_scope="stack",
    needs_config=True,
)
