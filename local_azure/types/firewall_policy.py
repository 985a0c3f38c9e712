"""Microsoft.Network: firewall policies and their rule collection groups.

Facts: docs/azure-facts.md#names-of-firewalls, #firewall-tiers, #firewall-rules, #firewall-policies-in-use,
#network-limits, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.addresses import parse
from local_azure.types.common import (
    at_most,
    etag,
    identity_outputs,
    parent_id,
    refuse,
    refuse_while_used,
    same,
    value_at,
    values_at,
)
from local_azure.types.firewall_tls import POLICY_CONSTRAINTS, rule_constraints
from local_azure.types.managedidentity import IDENTITY

POLICY = "azure-native:network:FirewallPolicy"
RULE_COLLECTION_GROUP = "azure-native:network:FirewallPolicyRuleCollectionGroup"
IP_GROUP = "azure-native:network:IpGroup"
FIREWALL = "azure-native:network:AzureFirewall"
WORKSPACE = "azure-native:operationalinsights:Workspace"

POLICY_NAME = NameRule(
    r"(?=.{2,80}$)[^\W_][\w.-]*\w", "2-80 letters, digits, _, . or -, starting with a letter or digit"
)
GROUP_NAME = NameRule(POLICY_NAME.pattern, POLICY_NAME.description)

PREMIUM_FEATURES = {"intrusionDetection": "Intrusion Detection", "transportSecurity": "Transport Security"}
STANDARD_FEATURES = {
    "dnsSettings": "DNS Settings",
    "explicitProxy": "Explicit Proxy",
    "threatIntelWhitelist": "Threat Intel Allow List",
}
"""Properties that tier Basic lacks, besides those of Premium."""

TIERS = {"Basic": 0, "Standard": 1, "Premium": 2}


# Policies ------------------------------------------------------------------------------------------------------------


def _tier_supports_features(request: Request) -> None:
    """Refuse Premium properties on a lower tier, even if they are off."""
    tier = value_at(request.new, "sku.tier", "Standard")
    unsupported = {} if tier == "Premium" else dict(PREMIUM_FEATURES)
    unsupported |= STANDARD_FEATURES if tier == "Basic" else {}
    found = [words for path, words in unsupported.items() if request.given.get(path)]
    if found:
        text = (
            f"Firewall Policy {request.name} of tier {tier} contains higher tier only properties - {', '.join(found)}."
        )
        refuse("FirewallPolicyHigherTierOnlyProperties", text)


def _base_policy_tier_fits(request: Request) -> None:
    base = request.cloud.get(str(value_at(request.new, "basePolicy.id", "")))
    if (
        base
        and TIERS[value_at(base.properties, "sku.tier", "Standard")]
        > TIERS[value_at(request.new, "sku.tier", "Standard")]
    ):
        text = f"Base policy {base.id} is of a higher tier than firewall policy {request.name}."
        refuse("FirewallPolicyBasePolicyTierMismatch", text)


def _fqdn_filtering_needs_dns_proxy(request: Request) -> None:
    """The firewall's DNS proxy resolves the FQDNs in network rules."""
    if value_at(request.new, "dnsSettings.requireProxyForNetworkRules") and not value_at(
        request.new, "dnsSettings.enableProxy"
    ):
        text = "dnsSettings.requireProxyForNetworkRules needs dnsSettings.enableProxy."
        refuse("FirewallPolicyDnsProxyRequired", text)


def _insights_have_workspace(request: Request) -> None:
    insights = request.new.get("insights")
    if value_at(insights, "isEnabled") and not value_at(insights, "logAnalyticsResources.defaultWorkspaceId.id"):
        refuse("FirewallPolicyInsightsDefaultWorkspaceMissing", "insights needs a default workspace.")


def _policy_outputs(request: Request) -> Mapping[str, Json]:
    return {
        "etag": etag(request),
        "provisioningState": "Succeeded",
        "size": "0.5MB",
        "childPolicies": [],
        "firewalls": [],
        "ruleCollectionGroups": [],
        **identity_outputs(request),
    }


# Rule collection groups ----------------------------------------------------------------------------------------------


def _collections(request: Request) -> list[Mapping[str, Json]]:
    return values_at(request.new, "ruleCollections[*]")


def _rules(request: Request) -> Iterator[tuple[Mapping[str, Json], Mapping[str, Json]]]:
    return ((collection, rule) for collection in _collections(request) for rule in values_at(collection, "rules[*]"))


def _require_priority_in_range(subject: str, priority: Json) -> None:
    if not isinstance(priority, (int, float)) or not 100 <= priority <= 65000:
        text = f"{subject} has priority {priority}; the allowed range is 100-65000."
        refuse("FirewallPolicyRuleCollectionGroupInvalidPriority", text)


def _require_unique(subject: str, values: Sequence[Json]) -> None:
    shared = next((value for value in values if values.count(value) > 1), None)
    if shared is not None:
        text = f"{subject} {shared} is used more than once; it must be unique."
        refuse("FirewallPolicyRuleCollectionGroupInvalidPriorityOrName", text)


def _priorities_in_range(request: Request) -> None:
    _require_priority_in_range(f"Rule collection group {request.name}", request.new.get("priority"))
    for collection in _collections(request):
        _require_priority_in_range(f"Rule collection {collection.get('name')}", collection.get("priority"))


def _group_priority_is_unique(request: Request) -> None:
    for sibling in request.cloud.children(parent_id(request.id), RULE_COLLECTION_GROUP):
        if not same(sibling.id, request.id) and sibling.properties.get("priority") == request.new.get("priority"):
            text = f"Rule collection groups {sibling.name} and {request.name} have the same priority."
            refuse("FirewallPolicyRuleCollectionGroupPriorityConflict", text, target=sibling.id)


def _collections_are_unique(request: Request) -> None:
    _require_unique("Rule collection priority", [collection.get("priority") for collection in _collections(request)])
    _require_unique("Rule collection name", [collection.get("name") for collection in _collections(request)])
    for collection in _collections(request):
        _require_unique(f"Rule name in {collection.get('name')}", values_at(collection, "rules[*].name"))


def _rule_types_fit_collection(request: Request) -> None:
    """A NAT collection has NAT rules, a filter collection either network or application rules."""
    for collection in _collections(request):
        kinds = {rule.get("ruleType") for rule in values_at(collection, "rules[*]")}
        nat = collection.get("ruleCollectionType") == "FirewallPolicyNatRuleCollection"
        fits = kinds == {"NatRule"} if nat else "NatRule" not in kinds and len(kinds) == 1
        if kinds and not fits:
            text = f"Rule collection {collection.get('name')} of {collection.get('ruleCollectionType')} cannot hold "
            refuse("FirewallPolicyRuleTypeNotAllowed", text + " and ".join(sorted(map(str, kinds))))


def _collection_actions_are_valid(request: Request) -> None:
    for collection in _collections(request):
        nat = collection.get("ruleCollectionType") == "FirewallPolicyNatRuleCollection"
        action, allowed = value_at(collection, "action.type"), {"DNAT"} if nat else {"Allow", "Deny"}
        if str(action) not in allowed and not (nat and str(action).upper() == "DNAT"):
            text = (
                f"Rule collection {collection.get('name')} has action {action}; allowed: {', '.join(sorted(allowed))}."
            )
            refuse("FirewallPolicyRuleCollectionInvalidAction", text)


SOURCE_PROPERTIES = ("sourceAddresses", "sourceIpGroups")
DESTINATION_PROPERTIES = {
    "NetworkRule": ("destinationAddresses", "destinationIpGroups", "destinationFqdns"),
    "ApplicationRule": ("targetFqdns", "targetUrls", "fqdnTags", "webCategories"),
    "NatRule": ("destinationAddresses",),
}


def _rules_have_source_and_destination(request: Request) -> None:
    for _, rule in _rules(request):
        name, kind = rule.get("name"), str(rule.get("ruleType"))
        for words, forms in (("source", SOURCE_PROPERTIES), ("destination", DESTINATION_PROPERTIES.get(kind, ()))):
            if not any(rule.get(form) for form in forms):
                text = f"Rule {name} has no {words}: it needs one of {', '.join(forms)}."
                refuse("FirewallPolicyRuleMissingRequiredField", text)


def _rules_have_protocols_and_ports(request: Request) -> None:
    for _, rule in _rules(request):
        kind = rule.get("ruleType")
        needed = ("protocols",) if kind == "ApplicationRule" else ("ipProtocols", "destinationPorts")
        tagged = kind == "ApplicationRule" and rule.get("fqdnTags")
        missing = [] if tagged else [path for path in needed if not rule.get(path)]
        if missing:
            text = f"Rule {rule.get('name')} has no {' and no '.join(missing)}."
            refuse("FirewallPolicyRuleMissingRequiredField", text)


def _ports_are_valid(request: Request) -> None:
    for _, rule in _rules(request):
        ports = values_at(rule, "destinationPorts[*]") + values_at(rule, "translatedPort")
        for text in ports:
            low, _, high = str(text).partition("-")
            valid = text == "*" or (
                low.isdigit() and (not high or high.isdigit()) and 1 <= int(low) <= int(high or low) <= 65535
            )
            if not valid:
                refuse(
                    "FirewallPolicyRuleInvalidPort", f"Rule {rule.get('name')} has port {text}; allowed: 1-65535 or *."
                )


def _addresses_are_valid(request: Request) -> None:
    for _, rule in _rules(request):
        for text in values_at(rule, "sourceAddresses[*]") + values_at(rule, "destinationAddresses[*]"):
            if text != "*" and str(text)[:1].isdigit():
                for end in str(text).split("-"):
                    parse(end)


def _nat_rules_are_valid(request: Request) -> None:
    for _, rule in _rules(request):
        if rule.get("ruleType") != "NatRule":
            continue
        forms = [form for form in ("translatedAddress", "translatedFqdn") if rule.get(form)]
        if len(forms) != 1 or len(rule.get("destinationPorts") or ()) != 1 or not rule.get("translatedPort"):
            text = f"NAT rule {rule.get('name')} takes one destination port, a translated port, and exactly one of "
            refuse("FirewallPolicyNatRuleInvalid", text + "translatedAddress and translatedFqdn.")


def _network_rule_fqdns_need_dns_proxy(request: Request) -> None:
    policy = request.cloud.get(parent_id(request.id))
    named = [rule for _, rule in _rules(request) if rule.get("destinationFqdns")]
    if policy and named and not value_at(policy.properties, "dnsSettings.enableProxy"):
        text = f"Network rule {named[0].get('name')} has destinationFqdns, which need the policy's DNS proxy."
        refuse("FirewallPolicyRuleFqdnRequiresDnsProxy", text)


def _rule_features_fit_policy_tier(request: Request) -> None:
    """URLs, web categories and TLS inspection need a Premium policy."""
    policy = request.cloud.get(parent_id(request.id))
    tier = value_at(policy.properties, "sku.tier", "Standard") if policy else "Premium"
    for _, rule in _rules(request):
        found = [path for path in ("targetUrls", "webCategories", "terminateTLS") if rule.get(path)]
        if found and tier != "Premium":
            text = f"Rule {rule.get('name')} contains higher tier only properties - {', '.join(found)}."
            refuse("FirewallPolicyHigherTierOnlyProperties", text)


def _fqdn_limit(request: Request) -> None:
    if sum(len(rule.get("destinationFqdns") or ()) for _, rule in _rules(request)) > 1000:
        refuse("FirewallPolicyFqdnLimitReached", "Network rules of one group hold at most 1,000 destinationFqdns.")


def _group_outputs(request: Request) -> Mapping[str, Json]:
    return {"etag": etag(request), "provisioningState": "Succeeded", "size": "0.1MB"}


TYPES = (
    AzureType(
        token=POLICY,
        name=POLICY_NAME,
        references={
            "basePolicy.id": (POLICY,),
            "identity.userAssignedIdentities[*]": (IDENTITY,),
            "insights.logAnalyticsResources.defaultWorkspaceId.id": (WORKSPACE,),
            "insights.logAnalyticsResources.workspaces[*].workspaceId.id": (WORKSPACE,),
        },
        defaults={"sku.tier": "Standard", "threatIntelMode": "Alert"},
        immutable={"sku.tier": "BadRequest"},
        computed=_policy_outputs,
        constraints=(
            _tier_supports_features,
            _base_policy_tier_fits,
            _fqdn_filtering_needs_dns_proxy,
            *POLICY_CONSTRAINTS,
            _insights_have_workspace,
        ),
        delete_constraints=(
            refuse_while_used(
                "FirewallPolicyInUse",
                "Firewall Policy {name} is in use by {user} and cannot be deleted.",
                by=(FIREWALL, POLICY),
            ),
        ),
    ),
    AzureType(
        token=RULE_COLLECTION_GROUP,
        name=GROUP_NAME,
        location="none",
        references={
            "ruleCollections[*].rules[*].sourceIpGroups[*]": (IP_GROUP,),
            "ruleCollections[*].rules[*].destinationIpGroups[*]": (IP_GROUP,),
        },
        computed=_group_outputs,
        constraints=(
            _priorities_in_range,
            _group_priority_is_unique,
            _collections_are_unique,
            _rule_types_fit_collection,
            _collection_actions_are_valid,
            _rules_have_source_and_destination,
            _rules_have_protocols_and_ports,
            _ports_are_valid,
            _addresses_are_valid,
            _nat_rules_are_valid,
            _network_rule_fqdns_need_dns_proxy,
            _rule_features_fit_policy_tier,
            *rule_constraints(_rules),
            _fqdn_limit,
            at_most(
                90,
                RULE_COLLECTION_GROUP,
                "FirewallPolicyRuleCollectionGroupLimitReached",
                "A policy holds {limit} groups.",
                per_parent=True,
            ),
        ),
    ),
)
