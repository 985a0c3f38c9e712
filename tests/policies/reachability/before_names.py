"""An estate as it was before names were limited: two ways out of each desk were open.

Sign-in was allowed by Entra's service tag alone, which has the addresses of Microsoft Graph too; and every computer
could ask Azure's DNS server directly, for any name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from policies.model import Resource
from tests.policies.reachability.sample_estates import ALLOW, added

GROUP, NSG = "network:FirewallPolicyRuleCollectionGroup", "network:NetworkSecurityGroup"
POLICY = "network:FirewallPolicy"
ENTRA, SIGN_IN, AZURE_DNS = "AzureActiveDirectory", "192.0.2.1/32", "AzurePlatformDNS"


def before_names(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return the resources without what limits names: sign-in by name, the denial of Azure's DNS server, and the DNS
    security policies."""
    kept = [_changed(one) for one in resources if not one.type.startswith("dnsresolver:")]
    return (*kept, *(_sign_in_by_tag(one) for one in kept if one.type == POLICY))


def _changed(resource: Resource) -> Resource:
    if resource.type == NSG:
        return _with(resource, securityRules=_rules_before(resource.inputs.get("securityRules") or ()))
    if resource.type == GROUP:
        kept = [c for c in resource.inputs["ruleCollections"] if not _allows_names(c)]
        return _with(resource, ruleCollections=kept)
    return resource


def _rules_before(rules: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules of a network security group with Entra's tag, and without a denial of Azure's DNS server."""
    return [
        {**rule, "destinationAddressPrefix": ENTRA} if rule.get("destinationAddressPrefix") == SIGN_IN else dict(rule)
        for rule in rules
        if rule.get("destinationAddressPrefix") != AZURE_DNS
    ]


def _allows_names(collection: Mapping[str, Any]) -> bool:
    allows = collection["action"]["type"] == "Allow"
    return allows and all(rule["ruleType"] == "ApplicationRule" for rule in collection["rules"])


def _sign_in_by_tag(policy: Resource) -> Resource:
    rule = {
        "ruleType": "NetworkRule",
        "name": "people_sign_in",
        "ipProtocols": ["TCP"],
        "sourceAddresses": ["10.0.0.0/8"],
        "destinationAddresses": [ENTRA],
        "destinationPorts": ["443"],
    }
    collection = {**ALLOW, "name": "before", "priority": 900, "rules": [rule]}
    return added(GROUP, "before", f"{policy.id}/ruleCollectionGroups/before", policy.stack, priority=900,
                 ruleCollections=[collection])  # fmt: skip


def _with(resource: Resource, **inputs: Any) -> Resource:
    return replace(resource, inputs={**resource.inputs, **inputs})
