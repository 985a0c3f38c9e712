"""ST2: a storage account's firewall lets nobody past the private endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must, must_not_be_set, same
from policies.azure_semantics.scanning import SETTING, is_scanner, settings_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

REASON = 'tags["trusted-services"]'
"""Where the account says why Azure's own services may pass."""
RULES = "networkRuleSet.resourceAccessRules"
WRITERS = (("network:FlowLog", "storageId"), ("monitor:DiagnosticSetting", "storageAccountId"))
"""What writes to a store from Azure's own networks, and can do it in no other way."""


def check(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Closed, with no exception but Azure's own writers where something needs them and the account says why."""
    yield from must(account, "networkRuleSet.defaultAction", "Deny", default="Allow")
    yield from _bypass(account, context)
    yield from must_not_be_set(account, "networkRuleSet.ipRules", "addresses that pass the firewall")
    yield from must_not_be_set(account, "networkRuleSet.virtualNetworkRules", "subnets that pass the private endpoint")
    yield from _scanner(account, context)


def _bypass(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    path = "networkRuleSet.bypass"
    if not same(account.at(path), "AzureServices"):
        yield from must(account, path, "None", default="AzureServices")
        return
    reason = account.at(REASON)
    if reason is MISSING or not str(reason).strip():
        yield Violation(path, "lets Azure's own services pass, and no tag trusted-services says why; it must be None")
    elif not any(context.referencing(type_, written, account) for type_, written in WRITERS):
        yield Violation(path, "lets Azure's own services pass, and nothing here needs them to; it must be None")


def _scanner(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Defender's malware scanner reads what arrives through a rule of its own, where it is asked to."""
    rules = account.each(f"{RULES}[*]")
    scanners = [found for found in account.each(f"{RULES}[*].resourceId") if is_scanner(found, account)]
    if len(scanners) < len(rules):
        yield Violation(RULES, "lets other resources past the firewall than the scanner of its own subscription")
    elif rules and not settings_of(account, context):
        yield Violation(RULES, "lets the malware scanner past the firewall, and nothing asks it to scan")


POLICY = Policy(
    id="ST2",
    title="Storage accounts deny every network, and let nobody bypass it",
    why="Should the public door ever be opened by mistake, the firewall behind it still refuses. Each address, subnet "
    "or service that it lets pass is a way around the private endpoint and its records.",
    on=("storage:StorageAccount",),
    reads=(
        "networkRuleSet.defaultAction", "networkRuleSet.bypass", "networkRuleSet.ipRules",
        "networkRuleSet.virtualNetworkRules", RULES, REASON, f"{SETTING}:resourceId",
        "network:FlowLog:storageId", "monitor:DiagnosticSetting:storageAccountId",
    ),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), cis=("9.3.2.3",), iso27001=("8.22",), five_safes=("settings",)
    ),
    fix="Set networkRuleSet to defaultAction Deny, bypass None and no rules. Where flow logs or diagnostics are kept "
    "in the account, bypass AzureServices and give the written reason in the tag trusted-services. Where the account "
    "is scanned for malware, let in the scanner of its own subscription by resourceAccessRules, and nothing else.",
    check=check,
    scope="stack",
    checkov=("CKV_AZURE_35",),
)  # fmt: skip
