"""Network security groups name private endpoints individually (NW20)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import Span
from policies.azure_semantics.bastion import GROUP, is_required_by_bastion
from policies.azure_semantics.network import SUBNETS, subnets_in
from policies.azure_semantics.private_link import CONNECTIONS, ENDPOINT, takes_fixed_addresses
from policies.azure_semantics.security_group import RULE, RULE_PATHS, NsgRule, rules_in
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

HTTPS = 443
"""The port of storage accounts, key vaults and log ingestion."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require single addresses. Private endpoints have fixed ones (PE6). The exception is a subnet with endpoints of
    Azure Monitor alone."""
    for rule in rules_in(resource):
        if rule.allows and _opens_https(rule) and not is_required_by_bastion(rule, resource, context):
            for destination in filter(_is_range, rule.destinations):
                if _is_of_monitor(destination, resource, context):
                    continue
                yield Violation(
                    rule.path or "destinationAddressPrefix",
                    f"{rule.name} allows {destination.text}, and so every private endpoint in it; it must name each",
                )


def _opens_https(rule: NsgRule) -> bool:
    return rule.protocol in ("*", "tcp") and any(low <= HTTPS <= high for low, high in rule.ports)


def _is_range(destination: Span) -> bool:
    """Return True for more than one private address. NW5 checks public addresses."""
    return destination.everywhere or (
        destination.private and any(n.prefixlen < n.max_prefixlen for n in destination.networks)
    )


def _is_of_monitor(destination: Span, resource: Resource, context: PolicyContext) -> bool:
    """Return True for the whole of a subnet of the stack with private endpoints of Azure Monitor alone."""
    declared = [s for found in context.same_stack(resource, *SUBNETS) for s in subnets_in(found)]
    subnets = {subnet.id for subnet in declared if tuple(subnet.prefixes) == destination.networks}
    endpoints = [e for e in context.same_stack(resource, ENDPOINT) if ids.plain(e.at("subnet.id")) in subnets]
    return len(subnets) == 1 and bool(endpoints) and not any(map(takes_fixed_addresses, endpoints))


POLICY = Policy(
    id="NW20",
    title="Network security groups name private endpoints individually",
    why="A rule for a subnet of endpoints opens all of them: the vault beside the store, the released results "
    "beside the unchecked ones.",
    resource_types=(GROUP, RULE),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09", "2.2.10"),
        ncsc=("3", "11"),
        caf=("B4.a",),
        iso27001=("8.20", "8.22"),
        five_safes=("settings",),
    ),
    fix="Name the fixed address of each endpoint, as a /32; or give endpoints of Azure Monitor a subnet of their own.",
    check=check,
    check_paths=(
        *RULE_PATHS,
        *(f"{ENDPOINT}:{path}" for path in ("subnet.id", *(f"{list_}[*].groupIds" for list_ in CONNECTIONS))),
        "network:NetworkInterface:networkSecurityGroup.id",
        *(f"network:Subnet:{name}" for name in ("addressPrefix", "addressPrefixes")),
        "network:Subnet:networkSecurityGroup.id",
        "network:Subnet:subnetName",
        "network:VirtualNetwork:subnets[*].networkSecurityGroup.id",
    ),
    evaluation_scope="stack",
)
