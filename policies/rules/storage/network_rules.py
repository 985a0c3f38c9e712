"""Storage accounts deny all networks, except addresses that the estate names (ST2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.malware_scanning import DEFENDER_SETTING, defender_settings_of, is_scanner
from policies.azure_semantics.properties import require, require_if_set, same
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals
from policies.rule_helpers.public_stores import PERMITTED_PATHS, named_addresses, permitted_addresses

REASON = 'tags["trusted-services"]'
"""The tag with the reason for the bypass of Azure's own services."""
RULES, IP_RULES = "networkRuleSet.resourceAccessRules", "networkRuleSet.ipRules"
ADDRESS, ACTION = "iPAddressOrRange", "action"
WRITERS = (("network:FlowLog", "storageId"), ("monitor:DiagnosticSetting", "storageAccountId"))
"""Resources through which Azure writes to an account from its own networks, with no other path."""


def check(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow exceptions only for Azure's own services, where the account needs them and gives the reason."""
    yield from _check_addresses(account, permitted_addresses(account, context))
    yield from _check_bypass(account, context)
    yield from _check_scanner(account, context)


def check_early(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow the named addresses before the other resources are known."""
    yield from _check_addresses(account, named_addresses(account, context))


def _check_addresses(account: Resource, permitted: frozenset[str]) -> Iterator[Violation]:
    """Allow exactly the addresses that the estate names for this store."""
    rules = account.at(IP_RULES)
    if rules is MISSING or rules in ([], ()):
        return
    found = [str(text) for text in account.each(f"{IP_RULES}[*].{ADDRESS}")]
    if set(found) != permitted or len(found) != len(account.each(f"{IP_RULES}[*]")):
        names = ", ".join(sorted(permitted)) or "none"
        yield Violation(IP_RULES, f"allows {', '.join(found) or 'addresses'}; the estate names {names}")
    for index in range(len(found)):
        yield from require_if_set(account, f"{IP_RULES}[{index}].{ACTION}", "Allow")


def _check_bypass(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    path = "networkRuleSet.bypass"
    if not same(account.at(path), "AzureServices"):
        yield from require(account, path, "None", default="AzureServices")
        return
    reason = account.at(REASON)
    if reason is MISSING or not str(reason).strip():
        yield Violation(
            path, "allows Azure's own services, and no tag trusted-services gives the reason; it must be None"
        )
    elif not any(context.referencing(type_, written, account) for type_, written in WRITERS):
        yield Violation(path, "allows Azure's own services, and nothing in this stack needs it; it must be None")


def _check_scanner(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow the rule for Defender's malware scanner only where scanning is on."""
    rules = account.each(f"{RULES}[*]")
    scanners = [found for found in account.each(f"{RULES}[*].resourceId") if is_scanner(found, account)]
    if len(scanners) < len(rules):
        yield Violation(RULES, "allows a resource other than the malware scanner of its own subscription")
    elif rules and not defender_settings_of(account, context):
        yield Violation(RULES, "allows the malware scanner, and no setting enables scanning")


POLICY = Policy(
    id="ST2",
    title="Storage accounts deny all networks, except addresses that the estate names",
    why="If public network access is enabled by mistake, the firewall of the account still refuses. Each "
    "address, subnet or service that it allows bypasses the private endpoint and its logs.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09",),
        ncsc=("11",),
        caf=("B4.a",),
        cyber_essentials=("1.4", "1.5"),
        cis=("9.3.2.3",),
        iso27001=("8.22",),
        five_safes=("settings",),
    ),
    fix="Set networkRuleSet to defaultAction Deny, bypass None and no rules; ipRules may have the "
    "addresses that the estate names (`public_ranges`, `recipients`). Where flow logs or diagnostics are "
    "kept in the account, bypass AzureServices and give the reason in the tag trusted-services. Where the "
    "account is scanned for malware, allow the scanner of its own subscription by resourceAccessRules, and "
    "nothing else.",
    requires=(
        equals("networkRuleSet.defaultAction", "Deny", default="Allow"),
        empty("networkRuleSet.virtualNetworkRules", "allows subnets that bypass the private endpoint"),
    ),
    check=check,
    early_check=check_early,
    required_by_check=(empty(IP_RULES, "allows addresses past the firewall"),),
    check_paths=(
        f"{IP_RULES}[*].{ADDRESS}",
        f"{IP_RULES}[*].{ACTION}",
        *PERMITTED_PATHS,
        "networkRuleSet.bypass",
        f"{RULES}[*].resourceId",
        REASON,
        "network:FlowLog:storageId",
        "monitor:DiagnosticSetting:storageAccountId",
        f"{DEFENDER_SETTING}:resourceId",
    ),
    evaluation_scope="stack",
    checkov=("CKV_AZURE_35",),
)
