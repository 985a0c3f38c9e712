"""NW12: what a security group allows is narrow: named ports, named ranges, named ends."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.bastion import GROUP, asked_by_azure
from policies.azure_semantics.security_group import RULE, NsgRule, rules_in
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

WIDEST = 16
"""How many ports one rule may open in all."""
LARGEST = 14
"""The largest range of addresses at the far end, as its prefix: a cell of the estate."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """`VirtualNetwork` is refused: beside a default route it stands for every address there is."""
    for rule in rules_in(resource):
        if rule.allows and not asked_by_azure(rule, resource, context):
            for message in _wide(rule):
                yield Violation(rule.path, f"{rule.name} {message}")


def _wide(rule: NsgRule) -> Iterator[str]:
    if sum(high - low + 1 for low, high in rule.ports) > WIDEST:
        yield f"opens more than {WIDEST} ports; it must name those that are needed"
    if any(far.tag == "virtualnetwork" for far in rule.far):
        yield "names VirtualNetwork, which holds every network that is peered or routed; it must name a range"
    if any(network.prefixlen < LARGEST and network.version == 4 for far in rule.far for network in far.networks):
        yield f"names a range larger than /{LARGEST}; it must name the networks that are meant"


POLICY = Policy(
    id="NW12",
    title="What a security group allows is narrow",
    why="A rule for all ports, or for the whole network, allows what nobody thought of when it was written.",
    on=(GROUP, RULE),
    reads=(
        "securityRules",
        "destinationPortRange",
        "destinationPortRanges",
        "sourceAddressPrefix",
        f"{RULE}:destinationPortRange",
    ),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10"), ncsc=("3", "11"), iso27001=("8.20", "8.22"), five_safes=("settings",)
    ),
    fix="Name the ports and the private ranges that are needed, each in its own rule with a description.",
    check=check,
    scope="stack",
)
