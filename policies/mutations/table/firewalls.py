"""Weaknesses of the hub's firewall, its policy and rules, and Bastion.

Sources: learn.microsoft.com, Microsoft.Network template references, "Azure Firewall Premium features", "Azure Firewall
rule processing", "Bastion configuration settings".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.mutations.model import Harmless, Rework, Table, Weakening
from policies.mutations.paths import entries
from policies.mutations.table import external
from policies.mutations.table.wider_ranges import wider

UNSEEN = "outbound traffic would not be inspected"
OUT = "destinations outside of the estate's list could be reached"
COPIED = "data could be copied out through the remote session"
Made = Iterator[tuple[str, Mapping[str, Any]]]

POLICY = Table(
    "network:FirewallPolicy",
    weakenings=(
        Weakening("sku.tier", ("Standard", "Basic"), UNSEEN),
        Weakening("threatIntelMode", ("Alert", "Off"), "known malicious destinations would be allowed"),
        Weakening("threatIntelWhitelist", ({"fqdns": ["*"]}, {"ipAddresses": ["0.0.0.0/0"]}),
                  "known malicious destinations would be allowed"),
        Weakening("intrusionDetection", (None,), UNSEEN),
        Weakening("intrusionDetection.mode", ("Alert", "Off"), UNSEEN),
        Weakening("intrusionDetection.configuration.bypassTrafficSettings",
                  ([{"name": "mutant", "protocol": "ANY", "sourceAddresses": ["*"], "destinationAddresses": ["*"],
                     "destinationPorts": ["*"]}],), UNSEEN),
        Weakening("intrusionDetection.configuration.signatureOverrides", ([{"id": "2024897", "mode": "Off"}],), UNSEEN),
        Weakening("dnsSettings", (None,), "DNS names would be resolved without the firewall"),
        Weakening("dnsSettings.enableProxy", (False,), "DNS names would be resolved without the firewall"),
        Weakening("dnsSettings.servers", ([external.PUBLIC_DNS],), "DNS queries would go to a public server",
                  missing_ok="an empty list and none are the same: Azure's own DNS"),
        Weakening("snat.privateRanges", (["0.0.0.0/0"],), "responses would return past the firewall",
                  missing_ok="Azure's default: private ranges, whose traffic returns in the estate"),
        Weakening("basePolicy", ({"id": external.FIREWALL_POLICY},), "rules of others would take precedence"),
        Weakening("explicitProxy", ({"enableExplicitProxy": True, "httpPort": 8080, "httpsPort": 8443},),
                  "one private address would reach every allowed destination"),
    ),
    harmless=(
        Harmless("snat.autoLearnPrivateRanges", "changes the source address that peers see, not the allowed flows"),
        Harmless("sql", "rules name no SQL servers"),
    ),
)  # fmt: skip


def _sign_in(inputs: Mapping[str, Any]) -> Made:
    """Yield the rule that allows sign-in as one that allows more, and its group as one that comes later."""
    for words, rule, put in _each(inputs, "ApplicationRule", "Allow"):
        for name in ("graph.microsoft.com", "*.microsoftonline.com", "*", "[unknown]"):
            yield f"{words} to {name} too", put({**rule, "targetFqdns": [*rule.get("targetFqdns", ()), name]})
        for source in ("*", "10.0.0.0/8", external.PUBLIC_RANGE, "[unknown]"):
            yield f"{words} from {source}", put({**rule, "sourceAddresses": [source]})
        for key in ("fqdnTags", "webCategories", "targetUrls"):
            yield f"{words} with {key}", put({**rule, key: ["WindowsUpdate"]})
        for protocol in ({"protocolType": "Http", "port": 80}, {"protocolType": "Https", "port": 8443}):
            yield f"{words} over {protocol}", put({**rule, "protocols": [protocol]})
        yield f"{words} after another group", {**inputs, "priority": 110}


def _names(inputs: Mapping[str, Any]) -> Made:
    """Yield the rule that denies every FQDN as one that allows, denies less, or has a lower priority than another."""
    for words, rule, put in _each(inputs, "ApplicationRule", "Deny"):
        for names in (["evil.example"], ["*.com"], [], "[unknown]"):
            yield f"{words} for {names} alone", put({**rule, "targetFqdns": names})
        for address in ("10.65.0.0/16", "203.0.113.7", "[unknown]"):
            yield f"{words} from {address} alone", put({**rule, "sourceAddresses": [address]})
            yield f"{words} to {address} alone", put({**rule, "destinationAddresses": [address]})
        for protocol in rule.get("protocols", ()):
            yield f"{words} over {protocol.get('protocolType')} alone", put({**rule, "protocols": [protocol]})
        moved = [{**protocol, "port": 8443} for protocol in rule.get("protocols", ())]
        yield f"{words} at other ports", put({**rule, "protocols": moved})
        collections = entries(inputs["ruleCollections"])
        for i, collection in enumerate(collections):
            if (collection.get("action") or {}).get("type") != "Deny":
                continue
            others = [*collections[:i], *collections[i + 1 :]]
            allowing = {**collection, "action": {"type": "Allow"}}
            yield f"{words} allowed", {**inputs, "ruleCollections": [*others, allowing]}
            before = {
                **ALLOW,
                "priority": 100,
                "rules": [{**rule, "name": "mutant", "targetFqdns": ["evil.example"]}],
            }
            late = {**collection, "priority": 200}
            yield f"a name before {words}", {**inputs, "ruleCollections": [*others, late, before]}


def _addresses(inputs: Mapping[str, Any]) -> Made:
    wide = ("*", "0.0.0.0/0", "Internet", "AzureCloud", "Storage", external.PUBLIC_RANGE, "10.0.0.0/8", "[unknown]")
    for words, rule, put in _each(inputs, "NetworkRule", "Allow"):
        for address in wide:
            yield f"{words} to {address}", put({**rule, "destinationAddresses": [address]})
        for words_, addresses in wider(rule.get("destinationAddresses", ())):
            yield f"{words} {words_}", put({**rule, "destinationAddresses": addresses})
        yield f"{words} at any port", put({**rule, "destinationPorts": ["*"]})
        yield f"{words} at all ports", put({**rule, "destinationPorts": ["1-65535"]})
        yield f"{words} in any protocol", put({**rule, "ipProtocols": ["Any"]})
        yield f"{words} from any source", put({**rule, "sourceAddresses": ["*"]})
        yield f"{words} to any name", put({**rule, "destinationAddresses": [], "destinationFqdns": ["*"]})


def _denials(inputs: Mapping[str, Any]) -> Made:
    """Yield each rule that denies addresses as one that denies less, or comes after a rule that allows."""
    for words, rule, put in _each(inputs, "NetworkRule", "Deny"):
        for index, address in enumerate(rule.get("destinationAddresses", ())):
            kept = [one for n, one in enumerate(rule["destinationAddresses"]) if n != index]
            yield f"{words} without {address}", put({**rule, "destinationAddresses": kept})
        for address in ("10.255.0.0/28", "[unknown]"):
            yield f"{words} from {address}", put({**rule, "sourceAddresses": [address]})
        yield f"{words} at one port", put({**rule, "destinationPorts": ["443"]})
        yield f"{words} over TCP", put({**rule, "ipProtocols": ["TCP"]})
        collections = entries(inputs["ruleCollections"])
        yield (
            f"{words} allowed",
            {**inputs, "ruleCollections": [{**c, "action": {"type": "Allow"}} for c in collections]},
        )
        yield f"{words} after other rules", {**inputs, "priority": 65000}


def _each(inputs: Mapping[str, Any], kind: str, action: str = "") -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Yield each rule of a kind, and of an action if one is named, with a function that replaces it."""
    for i, collection in enumerate(entries(inputs.get("ruleCollections"))):
        if action and (collection.get("action") or {}).get("type") != action:
            continue
        for j, rule in enumerate(entries(collection.get("rules"))):
            if rule.get("ruleType") == kind:

                def put(new: Any, i: int = i, j: int = j) -> Mapping[str, Any]:
                    collections = [dict(c) for c in entries(inputs["ruleCollections"])]
                    collections[i]["rules"] = [new if n == j else r for n, r in enumerate(collections[i]["rules"])]
                    return {**inputs, "ruleCollections": collections}

                yield str(rule.get("name")), rule, put


ALLOW = {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "action": {"type": "Allow"}, "priority": 150,
         "name": "mutant"}  # fmt: skip
NETWORK_RULE = {"ruleType": "NetworkRule", "name": "mutant", "ipProtocols": ["TCP"], "destinationPorts": ["443"]}
COLLECTIONS: Mapping[str, Mapping[str, Any]] = {
    "everything out": {**ALLOW, "rules": [
        {**NETWORK_RULE, "sourceAddresses": ["*"], "destinationAddresses": ["*"], "destinationPorts": ["*"],
         "ipProtocols": ["Any"]}]},
    "tenancies out to an address": {**ALLOW, "rules": [
        {**NETWORK_RULE, "sourceAddresses": ["10.65.0.0/16"], "destinationAddresses": [external.PUBLIC_RANGE]}]},
    "tenancies to tenancies": {**ALLOW, "rules": [
        {**NETWORK_RULE, "sourceAddresses": ["10.65.0.0/16"], "destinationAddresses": ["10.65.0.0/16"]}]},
    "tenancies to zones": {**ALLOW, "rules": [
        {**NETWORK_RULE, "sourceAddresses": ["10.65.0.0/16"], "destinationAddresses": ["10.64.8.0/21"]}]},
    "the Internet to a desk": {
        "ruleCollectionType": "FirewallPolicyNatRuleCollection", "action": {"type": "DNAT"}, "priority": 150,
        "name": "mutant", "rules": [
            {"ruleType": "NatRule", "name": "mutant", "ipProtocols": ["TCP"], "sourceAddresses": ["*"],
             "destinationAddresses": ["20.33.0.7"], "destinationPorts": ["22"], "translatedAddress": "10.65.0.132",
             "translatedPort": "22"}]},
}  # fmt: skip


def _collections(inputs: Mapping[str, Any]) -> Made:
    for words, collection in COLLECTIONS.items():
        yield (
            f"more rules: {words}",
            {**inputs, "ruleCollections": [*entries(inputs.get("ruleCollections")), collection]},
        )
    yield "unknown rules", {**inputs, "ruleCollections": "[unknown]"}


RULES = Table(
    "network:FirewallPolicyRuleCollectionGroup",
    weakenings=(
        Rework(("ruleCollections[*].rules[*].targetFqdns", "ruleCollections[*].rules[*].protocols[*].protocolType",
                "ruleCollections[*].rules[*].protocols[*].port", "ruleCollections[*].action.type"), _names, OUT),
        Rework(("ruleCollections[*].rules[*].targetFqdns", "ruleCollections[*].rules[*].sourceAddresses", "priority"),
               _sign_in, OUT),
        Rework(("ruleCollections[*].rules[*].destinationAddresses", "ruleCollections[*].rules[*].destinationPorts",
                "ruleCollections[*].rules[*].ipProtocols", "ruleCollections[*].rules[*].sourceAddresses"),
               _addresses, OUT),
        Rework(("ruleCollections[*].rules[*].destinationAddresses",), _denials, "a site could reach other addresses"),
        Rework(("ruleCollections", "ruleCollections[*].rules"), _collections, OUT),
    ),
    harmless=(
        Harmless("ruleCollections[*].priority", "rules that allow and deny have different addresses or names; only the "
                 "limits of sites and the names must come first, which is tried"),
        Harmless("ruleCollections[*].name", "a name"),
        Harmless("ruleCollections[*].ruleCollectionType", "Azure refuses rules of another kind in it"),
        Harmless("ruleCollections[*].rules[*].name", "a name"),
        Harmless("ruleCollections[*].rules[*].ruleType", "Azure refuses another kind with these fields"),
    ),
)  # fmt: skip
FIREWALL = Table(
    "network:AzureFirewall",
    weakenings=(
        Weakening("sku.tier", ("Standard", "Basic"), UNSEEN),
        Weakening("firewallPolicy", (None, {"id": external.FIREWALL_POLICY}), "rules of others would apply"),
        Weakening("networkRuleCollections",
                  ([{"name": "mutant", "priority": 100, "action": {"type": "Allow"}, "rules": [
                      {"name": "mutant", "protocols": ["Any"], "sourceAddresses": ["*"],
                       "destinationAddresses": ["*"], "destinationPorts": ["*"]}]}],), OUT),
        Weakening("natRuleCollections",
                  ([{"name": "mutant", "priority": 100, "action": {"type": "Dnat"}, "rules": []}],),
                  "connections from the Internet could be accepted"),
        Weakening("applicationRuleCollections",
                  ([{"name": "mutant", "priority": 100, "action": {"type": "Allow"}, "rules": [
                      {"name": "mutant", "protocols": [{"protocolType": "Https", "port": 443}],
                       "sourceAddresses": ["*"], "targetFqdns": ["*"]}]}],), OUT),
    ),
    harmless=(
        Harmless("ipConfigurations", "its location: Azure accepts one subnet only, by its name"),
        Harmless("sku.name", "a virtual network or a virtual hub, which has no subnet"),
        Harmless("zones", "availability only"),
    ),
)  # fmt: skip
BASTION = Table(
    "network:BastionHost",
    weakenings=(
        Weakening("disableCopyPaste", (False,), COPIED),
        Weakening("enableFileCopy", (True,), COPIED, missing_ok="Azure's default is off"),
        Weakening("enableTunneling", (True,), COPIED, missing_ok="Azure's default is off"),
        Weakening("enableShareableLink", (True,), "a link would be enough to reach a desk",
                  missing_ok="Azure's default is off"),
        Weakening("enableIpConnect", (True,), "any address could be reached, not only desks",
                  missing_ok="Azure's default is off"),
        Weakening("sku.name", ("Basic", "Developer"), "other SKUs cannot disable copy and paste"),
    ),
    harmless=(
        Harmless("enableKerberos", "desks run Linux, and no account belongs to a domain"),
        Harmless("enablePrivateOnlyBastion", "another kind of host; off is the value of the kind in use"),
        Harmless("enableSessionRecording", "another kind of host; off is the value of the kind in use"),
        Harmless("ipConfigurations", "its location: Azure accepts one subnet only, by its name"),
        Harmless("scaleUnits", "the number of concurrent sessions"),
        Harmless("zones", "availability only"),
    ),
)  # fmt: skip
TABLES = (POLICY, RULES, FIREWALL, BASTION)
