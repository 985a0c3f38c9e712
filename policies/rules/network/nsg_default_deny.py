"""Network security groups end by denying everything, in and out, and Azure's DNS server by name (NW11)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.bastion import GROUP, guards_bastion
from policies.azure_semantics.network import NETWORK, SUBNET
from policies.azure_semantics.security_group import RULE_PATHS, denies_azure_dns, rules_of
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a rule that denies everything in each direction: Azure's default rules allow a part of the traffic."""
    rules = rules_of(group, context)
    deny_all_rules = [rule for rule in rules if rule.matches_all and not rule.allows]
    for inbound, direction in ((True, "inbound"), (False, "outbound")):
        if not any(rule.inbound is inbound for rule in deny_all_rules):
            yield Violation(
                "securityRules",
                f"has no {direction} rule that denies everything; Azure's default rules allow VirtualNetwork",
            )
    if not denies_azure_dns(rules) and not guards_bastion(group, context):
        yield Violation(
            "securityRules",
            "does not deny AzurePlatformDNS by name, before any rule that allows Azure's DNS server; denying "
            "everything does not reach it",
        )


POLICY = Policy(
    id="NW11",
    title="Network security groups end by denying everything, in and out, and Azure's DNS server by name",
    why="Azure's default rules allow all traffic within the network and all peered networks. Its DNS server is reached "
    "past rules and routes, unless a rule names its service tag: queries to it can carry data to any name server.",
    resource_types=(GROUP,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10", "2.1.14"),
        ncsc=("3", "11"),
        caf=("B4.a",),
        cyber_essentials=("1.1", "1.4"),
        iso27001=("8.20", "8.22"),
        five_safes=("settings",),
    ),
    fix="Add a rule in each direction that denies all protocols, addresses and ports, after those that allow. "
    "Add an outbound rule that denies all protocols and ports to the service tag AzurePlatformDNS, except for Bastion.",
    check=check,
    check_paths=(
        *RULE_PATHS,
        f"{SUBNET}:networkSecurityGroup.id",
        f"{SUBNET}:subnetName",
        f"{NETWORK}:subnets[*].networkSecurityGroup.id",
        "network:NetworkInterface:networkSecurityGroup.id",
    ),
    evaluation_scope="stack",
)
