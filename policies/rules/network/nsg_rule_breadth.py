"""Network security group rules are narrow (NW12)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.bastion import GROUP, is_required_by_bastion
from policies.azure_semantics.security_group import RULE, RULE_PATHS, NsgRule, rules_in
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

MAX_PORTS = 16
"""Maximum number of ports in one rule."""
MIN_PREFIX = 14
"""The largest remote range, as a prefix length: a cell of the estate."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Refuse wide rules, and the tag VirtualNetwork: with a default route it means every address."""
    for rule in rules_in(resource):
        if rule.allows and not is_required_by_bastion(rule, resource, context):
            for message in _too_wide(rule):
                yield Violation(rule.path, f"{rule.name} {message}")


def _too_wide(rule: NsgRule) -> Iterator[str]:
    if sum(high - low + 1 for low, high in rule.ports) > MAX_PORTS:
        yield f"opens more than {MAX_PORTS} ports; it must name those that are needed"
    if any(end.tag == "virtualnetwork" for end in rule.remote_ends):
        yield "names VirtualNetwork, which contains every peered or routed network; it must name a range"
    if any(
        network.prefixlen < MIN_PREFIX and network.version == 4 for end in rule.remote_ends for network in end.networks
    ):
        yield f"names a range larger than /{MIN_PREFIX}; it must name the networks that are meant"


POLICY = Policy(
    id="NW12",
    title="Network security group rules are narrow",
    why="A rule for all ports or for the whole network allows connections that nobody considered.",
    resource_types=(GROUP, RULE),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10"), ncsc=("3", "11"), caf=("B4.a",), iso27001=("8.20", "8.22"), five_safes=("settings",)
    ),
    fix="Name the ports and the private ranges that are needed, each in its own rule with a description.",
    check=check,
    check_paths=(
        *RULE_PATHS,
        "network:NetworkInterface:networkSecurityGroup.id",
        "network:Subnet:networkSecurityGroup.id",
        "network:Subnet:subnetName",
        "network:VirtualNetwork:subnets[*].networkSecurityGroup.id",
    ),
    evaluation_scope="stack",
)
