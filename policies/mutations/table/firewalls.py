"""Weaknesses of the hub's firewall, its policy and rules, and Bastion.

Sources: learn.microsoft.com, Microsoft.Network template references, "Azure Firewall Premium features", "Azure Firewall
rule processing", "Bastion configuration settings".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.mutations.model import Harmless, Rework, Table, Weakening
from policies.mutations.paths import entries
from policies.mutations.table import elsewhere
from policies.mutations.table.widths import wider

UNSEEN = "what leaves would not be looked into"
OUT = "more than the estate's list could be reached"
COPIED = "data could be carried out through the desk's window"
Made = Iterator[tuple[str, Mapping[str, Any]]]

POLICY = Table(
    "network:FirewallPolicy",
    weakenings=(
        Weakening("sku.tier", ("Standard", "Basic"), UNSEEN),
        Weakening("threatIntelMode", ("Alert", "Off"), "known evil would be let through"),
        Weakening("threatIntelWhitelist", ({"fqdns": ["*"]}, {"ipAddresses": ["0.0.0.0/0"]}),
                  "known evil would be let through"),
        Weakening("intrusionDetection", (None,), UNSEEN),
        Weakening("intrusionDetection.mode", ("Alert", "Off"), UNSEEN),
        Weakening("intrusionDetection.configuration.bypassTrafficSettings",
                  ([{"name": "side-door", "protocol": "ANY", "sourceAddresses": ["*"], "destinationAddresses": ["*"],
                     "destinationPorts": ["*"]}],), UNSEEN),
        Weakening("intrusionDetection.configuration.signatureOverrides", ([{"id": "2024897", "mode": "Off"}],), UNSEEN),
        Weakening("dnsSettings", (None,), "names would be resolved past the firewall"),
        Weakening("dnsSettings.enableProxy", (False,), "names would be resolved past the firewall"),
        Weakening("dnsSettings.servers", ([elsewhere.PUBLIC_DNS],), "names would be asked of the public",
                  absent="an empty list and none are the same: Azure's own DNS"),
        Weakening("basePolicy", ({"id": elsewhere.FIREWALL_POLICY},), "rules that others write would come first"),
        Weakening("explicitProxy", ({"enableExplicitProxy": True, "httpPort": 8080, "httpsPort": 8443},),
                  "one private address would stand for all that the firewall permits"),
    ),
    harmless=(
        Harmless("snat", "which address the firewall's peers see, not whom it lets through"),
        Harmless("sql", "rules name no SQL servers"),
    ),
)  # fmt: skip


def _names(inputs: Mapping[str, Any]) -> Made:
    """Yield the denial of every name as a rule that allows, denies less, or acts too late."""
    for words, rule, put in _each(inputs, "ApplicationRule"):
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
            others = [*collections[:i], *collections[i + 1 :]]
            allowing = {**collection, "action": {"type": "Allow"}}
            yield f"{words} allowed", {**inputs, "ruleCollections": [*others, allowing]}
            before = {
                **ALLOW,
                "priority": 100,
                "rules": [{**rule, "name": "side-door", "targetFqdns": ["evil.example"]}],
            }
            late = {**collection, "priority": 200}
            yield f"a name before {words}", {**inputs, "ruleCollections": [*others, late, before]}


def _addresses(inputs: Mapping[str, Any]) -> Made:
    wide = ("*", "0.0.0.0/0", "Internet", "AzureCloud", "Storage", elsewhere.PUBLIC_RANGE, "10.0.0.0/8", "[unknown]")
    for words, rule, put in _each(inputs, "NetworkRule"):
        for address in wide:
            yield f"{words} to {address}", put({**rule, "destinationAddresses": [address]})
        for words_, addresses in wider(rule.get("destinationAddresses", ())):
            yield f"{words} {words_}", put({**rule, "destinationAddresses": addresses})
        yield f"{words} at any port", put({**rule, "destinationPorts": ["*"]})
        yield f"{words} at all ports", put({**rule, "destinationPorts": ["1-65535"]})
        yield f"{words} in any protocol", put({**rule, "ipProtocols": ["Any"]})
        yield f"{words} from anybody", put({**rule, "sourceAddresses": ["*"]})
        yield f"{words} to any name", put({**rule, "destinationAddresses": [], "destinationFqdns": ["*"]})


def _each(inputs: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Yield each rule of a kind, with a function that replaces it."""
    for i, collection in enumerate(entries(inputs.get("ruleCollections"))):
        for j, rule in enumerate(entries(collection.get("rules"))):
            if rule.get("ruleType") == kind:

                def put(new: Any, i: int = i, j: int = j) -> Mapping[str, Any]:
                    collections = [dict(c) for c in entries(inputs["ruleCollections"])]
                    collections[i]["rules"] = [new if n == j else r for n, r in enumerate(collections[i]["rules"])]
                    return {**inputs, "ruleCollections": collections}

                yield str(rule.get("name")), rule, put


ALLOW = {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "action": {"type": "Allow"}, "priority": 150,
         "name": "side-door"}  # fmt: skip
NETWORK_RULE = {"ruleType": "NetworkRule", "name": "side-door", "ipProtocols": ["TCP"], "destinationPorts": ["443"]}
COLLECTIONS: Mapping[str, Mapping[str, Any]] = {
    "everything out": {**ALLOW, "rules": [
        {**NETWORK_RULE, "sourceAddresses": ["*"], "destinationAddresses": ["*"], "destinationPorts": ["*"],
         "ipProtocols": ["Any"]}]},
    "tenancies out to an address": {**ALLOW, "rules": [
        {**NETWORK_RULE, "sourceAddresses": ["10.65.0.0/16"], "destinationAddresses": [elsewhere.PUBLIC_RANGE]}]},
    "tenancies to tenancies": {**ALLOW, "rules": [
        {**NETWORK_RULE, "sourceAddresses": ["10.65.0.0/16"], "destinationAddresses": ["10.65.0.0/16"]}]},
    "tenancies to zones": {**ALLOW, "rules": [
        {**NETWORK_RULE, "sourceAddresses": ["10.65.0.0/16"], "destinationAddresses": ["10.64.8.0/21"]}]},
    "the Internet in to a desk": {
        "ruleCollectionType": "FirewallPolicyNatRuleCollection", "action": {"type": "DNAT"}, "priority": 150,
        "name": "side-door", "rules": [
            {"ruleType": "NatRule", "name": "side-door", "ipProtocols": ["TCP"], "sourceAddresses": ["*"],
             "destinationAddresses": ["20.33.0.7"], "destinationPorts": ["22"], "translatedAddress": "10.65.0.132",
             "translatedPort": "22"}]},
}  # fmt: skip


def _collections(inputs: Mapping[str, Any]) -> Made:
    for words, collection in COLLECTIONS.items():
        yield (
            f"more rules: {words}",
            {**inputs, "ruleCollections": [*entries(inputs.get("ruleCollections")), collection]},
        )
    yield "rules nobody knows yet", {**inputs, "ruleCollections": "[unknown]"}


RULES = Table(
    "network:FirewallPolicyRuleCollectionGroup",
    weakenings=(
        Rework(("ruleCollections[*].rules[*].targetFqdns", "ruleCollections[*].rules[*].protocols[*].protocolType",
                "ruleCollections[*].rules[*].protocols[*].port", "ruleCollections[*].action.type"), _names, OUT),
        Rework(("ruleCollections[*].rules[*].destinationAddresses", "ruleCollections[*].rules[*].destinationPorts",
                "ruleCollections[*].rules[*].ipProtocols", "ruleCollections[*].rules[*].sourceAddresses"),
               _addresses, OUT),
        Rework(("ruleCollections", "ruleCollections[*].rules"), _collections, OUT),
    ),
    harmless=(
        Harmless("priority", "what lets through goes by address, what denies by name: neither waits for the other"),
        Harmless("ruleCollections[*].priority", "as above"),
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
        Weakening("firewallPolicy", (None, {"id": elsewhere.FIREWALL_POLICY}), "rules that others write would act"),
        Weakening("networkRuleCollections",
                  ([{"name": "side-door", "priority": 100, "action": {"type": "Allow"}, "rules": [
                      {"name": "side-door", "protocols": ["Any"], "sourceAddresses": ["*"],
                       "destinationAddresses": ["*"], "destinationPorts": ["*"]}]}],), OUT),
        Weakening("natRuleCollections",
                  ([{"name": "side-door", "priority": 100, "action": {"type": "Dnat"}, "rules": []}],),
                  "the Internet could come in"),
        Weakening("applicationRuleCollections",
                  ([{"name": "side-door", "priority": 100, "action": {"type": "Allow"}, "rules": [
                      {"name": "side-door", "protocols": [{"protocolType": "Https", "port": 443}],
                       "sourceAddresses": ["*"], "targetFqdns": ["*"]}]}],), OUT),
    ),
    harmless=(
        Harmless("ipConfigurations", "where it stands: Azure takes one subnet only, by its name"),
        Harmless("sku.name", "whether it stands in a network or a virtual hub, which has no subnet"),
        Harmless("zones", "where it survives"),
    ),
)  # fmt: skip
BASTION = Table(
    "network:BastionHost",
    weakenings=(
        Weakening("disableCopyPaste", (False,), COPIED),
        Weakening("enableFileCopy", (True,), COPIED, absent="Azure's default is off"),
        Weakening("enableTunneling", (True,), COPIED, absent="Azure's default is off"),
        Weakening("enableShareableLink", (True,), "a link would be enough to reach a desk",
                  absent="Azure's default is off"),
        Weakening("enableIpConnect", (True,), "any address could be reached, not desks alone",
                  absent="Azure's default is off"),
        Weakening("sku.name", ("Basic", "Developer"), "lesser kinds cannot stop copy and paste"),
    ),
    harmless=(
        Harmless("enableKerberos", "desks are Linux, and nobody signs in with a domain"),
        Harmless("enablePrivateOnlyBastion", "a kind of host that is not asked for; off is the value of all others"),
        Harmless("enableSessionRecording", "a kind of host that is not asked for; off is the value of all others"),
        Harmless("ipConfigurations", "where it stands: Azure takes one subnet only, by its name"),
        Harmless("scaleUnits", "how many may work at once"),
        Harmless("zones", "where it survives"),
    ),
)  # fmt: skip
TABLES = (POLICY, RULES, FIREWALL, BASTION)
