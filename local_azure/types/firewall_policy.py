"""Microsoft.Network: firewall policies and their rule collection groups. Sources: azure-facts 1.1, 2.5, 3, 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.addresses import parse
from local_azure.types.common import (
    above,
    at_most,
    etag,
    every,
    identity_outputs,
    one,
    refuse,
    refuse_while_used,
    same,
    user_identities,
)

POLICY = "azure-native:network:FirewallPolicy"
RULES = "azure-native:network:FirewallPolicyRuleCollectionGroup"
IP_GROUP = "azure-native:network:IpGroup"
FIREWALL = "azure-native:network:AzureFirewall"
WORKSPACE = "azure-native:operationalinsights:Workspace"

POLICY_NAME = Name(r"(?=.{2,80}$)[^\W_][\w.-]*\w", "2-80 letters, digits, _, . or -, starting with a letter or digit")
GROUP_NAME = Name(POLICY_NAME.pattern, POLICY_NAME.shape, scope="parent")

PREMIUM_ONLY = {"intrusionDetection": "Intrusion Detection", "transportSecurity": "Transport Security"}
NOT_BASIC = {
    "dnsSettings": "DNS Settings",
    "explicitProxy": "Explicit Proxy",
    "threatIntelWhitelist": "Threat Intel Allow List",
}
"""Properties that the Basic tier lacks, beside the Premium-only ones."""

TIERS = {"Basic": 0, "Standard": 1, "Premium": 2}


# Policies ------------------------------------------------------------------------------------------------------------


def _tier_holds_its_features(change: Change) -> None:
    """Premium-only properties on a lower tier are refused, even where they are off (azure-facts 2.5)."""
    tier = one(change.new, "sku.tier", "Standard")
    barred = {} if tier == "Premium" else dict(PREMIUM_ONLY)
    barred |= NOT_BASIC if tier == "Basic" else {}
    found = [words for path, words in barred.items() if change.given.get(path)]
    if found:
        text = (
            f"Firewall Policy {change.name} of tier {tier} contains higher tier only properties - {', '.join(found)}."
        )
        refuse("FirewallPolicyHigherTierOnlyProperties", text)


def _base_policy_is_no_higher(change: Change) -> None:
    base = change.cloud.get(str(one(change.new, "basePolicy.id", "")))
    if base and TIERS[one(base.properties, "sku.tier", "Standard")] > TIERS[one(change.new, "sku.tier", "Standard")]:
        text = f"Base policy {base.id} is of a higher tier than firewall policy {change.name}."
        refuse("FirewallPolicyBasePolicyTierMismatch", text)


def _name_filtering_needs_the_proxy(change: Change) -> None:
    """Names in network rules are resolved by the firewall's own DNS proxy."""
    if one(change.new, "dnsSettings.requireProxyForNetworkRules") and not one(change.new, "dnsSettings.enableProxy"):
        text = "dnsSettings.requireProxyForNetworkRules needs dnsSettings.enableProxy."
        refuse("FirewallPolicyDnsProxyRequired", text)


def _tls_inspection_has_an_identity(change: Change) -> None:
    if one(change.new, "transportSecurity.certificateAuthority") and not user_identities(change.new):
        text = "transportSecurity needs a user-assigned identity that may read its certificate."
        refuse("FirewallPolicyIdentityMissing", text)


def _insights_name_a_workspace(change: Change) -> None:
    insights = change.new.get("insights")
    if one(insights, "isEnabled") and not one(insights, "logAnalyticsResources.defaultWorkspaceId.id"):
        refuse("FirewallPolicyInsightsDefaultWorkspaceMissing", "insights needs a default workspace.")


def _policy_outputs(change: Change) -> Mapping[str, Json]:
    return {
        "etag": etag(change),
        "provisioningState": "Succeeded",
        "size": "0.5MB",
        "childPolicies": [],
        "firewalls": [],
        "ruleCollectionGroups": [],
        **identity_outputs(change),
    }


# Rule collection groups ----------------------------------------------------------------------------------------------


def _collections(change: Change) -> list[Mapping[str, Json]]:
    return every(change.new, "ruleCollections[*]")


def _rules(change: Change) -> Iterator[tuple[Mapping[str, Json], Mapping[str, Json]]]:
    return ((collection, rule) for collection in _collections(change) for rule in every(collection, "rules[*]"))


def _in_range(what: str, priority: Json) -> None:
    if not isinstance(priority, (int, float)) or not 100 <= priority <= 65000:
        text = f"{what} has priority {priority}; the allowed range is 100-65000."
        refuse("FirewallPolicyRuleCollectionGroupInvalidPriority", text)


def _all_differ(what: str, values: Sequence[Json]) -> None:
    shared = next((value for value in values if values.count(value) > 1), None)
    if shared is not None:
        text = f"{what} {shared} is used more than once; it must be unique."
        refuse("FirewallPolicyRuleCollectionGroupInvalidPriorityOrName", text)


def _priorities_in_range(change: Change) -> None:
    _in_range(f"Rule collection group {change.name}", change.new.get("priority"))
    for collection in _collections(change):
        _in_range(f"Rule collection {collection.get('name')}", collection.get("priority"))


def _group_priority_is_its_own(change: Change) -> None:
    for sibling in change.cloud.children(above(change.id), RULES):
        if not same(sibling.id, change.id) and sibling.properties.get("priority") == change.new.get("priority"):
            text = f"Rule collection groups {sibling.name} and {change.name} have the same priority."
            refuse("FirewallPolicyRuleCollectionGroupPriorityConflict", text, target=sibling.id)


def _collections_differ(change: Change) -> None:
    _all_differ("Rule collection priority", [collection.get("priority") for collection in _collections(change)])
    _all_differ("Rule collection name", [collection.get("name") for collection in _collections(change)])
    for collection in _collections(change):
        _all_differ(f"Rule name in {collection.get('name')}", every(collection, "rules[*].name"))


def _rules_match_their_collection(change: Change) -> None:
    """A NAT collection holds NAT rules alone; a filter collection one kind, network or application."""
    for collection in _collections(change):
        kinds = {rule.get("ruleType") for rule in every(collection, "rules[*]")}
        nat = collection.get("ruleCollectionType") == "FirewallPolicyNatRuleCollection"
        if kinds and (kinds != {"NatRule"} if nat else "NatRule" in kinds or len(kinds) > 1):
            text = f"Rule collection {collection.get('name')} of {collection.get('ruleCollectionType')} cannot hold "
            refuse("FirewallPolicyRuleTypeNotAllowed", text + " and ".join(sorted(map(str, kinds))))


def _collections_act(change: Change) -> None:
    for collection in _collections(change):
        nat = collection.get("ruleCollectionType") == "FirewallPolicyNatRuleCollection"
        action, allowed = one(collection, "action.type"), {"DNAT"} if nat else {"Allow", "Deny"}
        if str(action) not in allowed and not (nat and str(action).upper() == "DNAT"):
            text = (
                f"Rule collection {collection.get('name')} has action {action}; allowed: {', '.join(sorted(allowed))}."
            )
            refuse("FirewallPolicyRuleCollectionInvalidAction", text)


SOURCES = ("sourceAddresses", "sourceIpGroups")
TARGETS = {
    "NetworkRule": ("destinationAddresses", "destinationIpGroups", "destinationFqdns"),
    "ApplicationRule": ("targetFqdns", "targetUrls", "fqdnTags", "webCategories"),
    "NatRule": ("destinationAddresses",),
}


def _rules_say_from_and_to(change: Change) -> None:
    for _, rule in _rules(change):
        name, kind = rule.get("name"), str(rule.get("ruleType"))
        for words, forms in (("source", SOURCES), ("destination", TARGETS.get(kind, ()))):
            if not any(rule.get(form) for form in forms):
                text = f"Rule {name} has no {words}: it needs one of {', '.join(forms)}."
                refuse("FirewallPolicyRuleMissingRequiredField", text)


def _rules_say_what_passes(change: Change) -> None:
    for _, rule in _rules(change):
        kind = rule.get("ruleType")
        needed = ("protocols",) if kind == "ApplicationRule" else ("ipProtocols", "destinationPorts")
        tagged = kind == "ApplicationRule" and rule.get("fqdnTags")
        missing = [] if tagged else [path for path in needed if not rule.get(path)]
        if missing:
            text = f"Rule {rule.get('name')} has no {' and no '.join(missing)}."
            refuse("FirewallPolicyRuleMissingRequiredField", text)


def _ports_are_ports(change: Change) -> None:
    for _, rule in _rules(change):
        ports = every(rule, "destinationPorts[*]") + every(rule, "translatedPort")
        for text in ports:
            low, _, high = str(text).partition("-")
            sound = text == "*" or (
                low.isdigit() and (not high or high.isdigit()) and 1 <= int(low) <= int(high or low) <= 65535
            )
            if not sound:
                refuse(
                    "FirewallPolicyRuleInvalidPort", f"Rule {rule.get('name')} has port {text}; allowed: 1-65535 or *."
                )


def _addresses_are_addresses(change: Change) -> None:
    for _, rule in _rules(change):
        for text in every(rule, "sourceAddresses[*]") + every(rule, "destinationAddresses[*]"):
            if text != "*" and str(text)[:1].isdigit():
                for end in str(text).split("-"):
                    parse(end)


def _nat_rules_translate_one_way(change: Change) -> None:
    for _, rule in _rules(change):
        if rule.get("ruleType") != "NatRule":
            continue
        forms = [form for form in ("translatedAddress", "translatedFqdn") if rule.get(form)]
        if len(forms) != 1 or len(rule.get("destinationPorts") or ()) != 1 or not rule.get("translatedPort"):
            text = f"NAT rule {rule.get('name')} takes one destination port, a translated port, and exactly one of "
            refuse("FirewallPolicyNatRuleInvalid", text + "translatedAddress and translatedFqdn.")


def _names_in_network_rules_need_the_proxy(change: Change) -> None:
    policy = change.cloud.get(above(change.id))
    named = [rule for _, rule in _rules(change) if rule.get("destinationFqdns")]
    if policy and named and not one(policy.properties, "dnsSettings.enableProxy"):
        text = f"Network rule {named[0].get('name')} has destinationFqdns, which need the policy's DNS proxy."
        refuse("FirewallPolicyRuleFqdnRequiresDnsProxy", text)


def _premium_rules_need_a_premium_policy(change: Change) -> None:
    """URLs, web categories and TLS inspection are Premium's (azure-facts 2.5)."""
    policy = change.cloud.get(above(change.id))
    tier = one(policy.properties, "sku.tier", "Standard") if policy else "Premium"
    for _, rule in _rules(change):
        found = [path for path in ("targetUrls", "webCategories", "terminateTLS") if rule.get(path)]
        if found and tier != "Premium":
            text = f"Rule {rule.get('name')} contains higher tier only properties - {', '.join(found)}."
            refuse("FirewallPolicyHigherTierOnlyProperties", text)


def _inspection_needs_a_certificate(change: Change) -> None:
    policy = change.cloud.get(above(change.id))
    inspected = [rule for _, rule in _rules(change) if rule.get("terminateTLS")]
    if policy and inspected and not one(policy.properties, "transportSecurity.certificateAuthority"):
        text = f"Rule {inspected[0].get('name')} terminates TLS, which needs transportSecurity on the policy."
        refuse("FirewallPolicyTransportSecurityMissing", text)


def _at_most_1000_names(change: Change) -> None:
    """A network rule collection holds 1,000 names (azure-facts 4)."""
    if sum(len(rule.get("destinationFqdns") or ()) for _, rule in _rules(change)) > 1000:
        refuse("FirewallPolicyFqdnLimitReached", "Network rules of one group hold at most 1,000 destinationFqdns.")


def _group_outputs(change: Change) -> Mapping[str, Json]:
    return {"etag": etag(change), "provisioningState": "Succeeded", "size": "0.1MB"}


TYPES = (
    AzureType(
        token=POLICY,
        name=POLICY_NAME,
        references={
            "basePolicy.id": (POLICY,),
            "insights.logAnalyticsResources.defaultWorkspaceId.id": (WORKSPACE,),
            "insights.logAnalyticsResources.workspaces[*].workspaceId.id": (WORKSPACE,),
        },
        defaults={"sku.tier": "Standard", "threatIntelMode": "Alert"},
        fixed=("sku.tier",),
        computed=_policy_outputs,
        rules=(
            _tier_holds_its_features,
            _base_policy_is_no_higher,
            _name_filtering_needs_the_proxy,
            _tls_inspection_has_an_identity,
            _insights_name_a_workspace,
        ),
        delete_rules=(
            refuse_while_used(
                "FirewallPolicyInUse",
                "Firewall Policy {name} is in use by {user} and cannot be deleted.",
                by=(FIREWALL, POLICY),
            ),
        ),
    ),
    AzureType(
        token=RULES,
        name=GROUP_NAME,
        location="none",
        references={
            "ruleCollections[*].rules[*].sourceIpGroups[*]": (IP_GROUP,),
            "ruleCollections[*].rules[*].destinationIpGroups[*]": (IP_GROUP,),
        },
        computed=_group_outputs,
        rules=(
            _priorities_in_range,
            _group_priority_is_its_own,
            _collections_differ,
            _rules_match_their_collection,
            _collections_act,
            _rules_say_from_and_to,
            _rules_say_what_passes,
            _ports_are_ports,
            _addresses_are_addresses,
            _nat_rules_translate_one_way,
            _names_in_network_rules_need_the_proxy,
            _premium_rules_need_a_premium_policy,
            _inspection_needs_a_certificate,
            _at_most_1000_names,
            at_most(  # azure-facts 4 (LIM, 2026)
                90,
                RULES,
                "FirewallPolicyRuleCollectionGroupLimitReached",
                "A policy holds {limit} groups.",
                siblings=True,
            ),
        ),
    ),
)
