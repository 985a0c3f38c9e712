"""Weaknesses of NSGs: each rule that allows, made wider; each that denies, removed; and added rules.

Sources: learn.microsoft.com, "Network security groups", "Virtual network service tags", "Working with NSG access and
Azure Bastion".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.mutations.model import Harmless, Rework, Table
from policies.mutations.paths import entries
from policies.mutations.table import elsewhere
from policies.mutations.table.widths import wider

ANYBODY = ("*", "Internet", "0.0.0.0/0", elsewhere.PUBLIC_RANGE, "10.0.0.0/8", "VirtualNetwork")
ANYWHERE = (*ANYBODY, "Storage", "AzureCloud")
SIDES = {"Inbound": ("source", ANYBODY), "Outbound": ("destination", ANYWHERE)}
HTTPS = "443"
Rule = Mapping[str, Any]
Made = Iterator[tuple[str, Mapping[str, Any]]]


def _new(name: str, direction: str, source: str, destination: str, port: str) -> Rule:
    return {
        "name": name, "direction": direction, "access": "Allow", "protocol": "*", "priority": 3500,
        "sourceAddressPrefix": source, "sourcePortRange": "*", "destinationAddressPrefix": destination,
        "destinationPortRange": port,
    }  # fmt: skip


UNWANTED = (
    *(_new(f"{source} in, port {port}", "Inbound", source, "*", port)
      for source in ("Internet", "*", "0.0.0.0/0", "Any", elsewhere.PUBLIC_RANGE)
      for port in ("22", "3389", "443", "*")),
    *(_new(f"out to {there}, port {port}", "Outbound", "*", there, port)
      for there in ("Internet", "*", "0.0.0.0/0", elsewhere.PUBLIC_RANGE, "Storage", "AzureCloud")
      for port in ("443", "*")),
    {**_new("in from both halves of the Internet", "Inbound", "", "*", "443"), "sourceAddressPrefix": None,
     "sourceAddressPrefixes": ["0.0.0.0/1", "128.0.0.0/1"]},
    {**_new("out to both halves of the Internet", "Outbound", "*", "", "443"), "destinationAddressPrefix": None,
     "destinationAddressPrefixes": ["0.0.0.0/1", "128.0.0.0/1"]},
    {**_new("in from a list with the Internet", "Inbound", "", "*", "443"), "sourceAddressPrefix": None,
     "sourceAddressPrefixes": ["10.64.0.0/26", "Internet"]},
)  # fmt: skip


def _rules(inputs: Mapping[str, Any]) -> list[Rule]:
    return list(entries(inputs.get("securityRules")))


def _of_bastion(inputs: Mapping[str, Any]) -> bool:
    """True for Bastion's own rules, which are Azure's word for word: the Internet reaches it at 443, and it must reach
    any desk."""
    return any(rule.get("sourceAddressPrefix") == "GatewayManager" for rule in _rules(inputs))


def _with(inputs: Mapping[str, Any], rules: list[Rule]) -> Mapping[str, Any]:
    return {**inputs, "securityRules": rules}


def _unwanted(inputs: Mapping[str, Any]) -> Made:
    bastion = _of_bastion(inputs)
    for rule in UNWANTED:
        asked_for = (
            bastion
            and rule["destinationPortRange"] == "443"
            and (rule["direction"] == "Inbound" or rule["destinationAddressPrefix"] == "AzureCloud")
        )
        if not asked_for:
            extra = {key: value for key, value in rule.items() if value is not None}
            extra["name"] = "side-door"
            yield f"a rule more: {rule['name']}", _with(inputs, [*_rules(inputs), extra])


def _wider(inputs: Mapping[str, Any]) -> Made:
    rules = [] if _of_bastion(inputs) else _rules(inputs)
    for index, rule in enumerate(rules):
        if rule.get("access") == "Allow":
            for words, changed in _wider_rule(rule):
                yield f"{rule['name']} {words}", _with(inputs, [*rules[:index], changed, *rules[index + 1 :]])


def _wider_rule(rule: Rule) -> Iterator[tuple[str, Rule]]:
    side, values = SIDES.get(str(rule.get("direction")), SIDES["Inbound"])
    one, many, port, ports = (
        f"{side}AddressPrefix", f"{side}AddressPrefixes", "destinationPortRange", "destinationPortRanges"
    )  # fmt: skip
    narrow = {key: value for key, value in rule.items() if key not in (one, many)}
    for value in values:
        yield f"for {value}", {**narrow, one: value}
        yield f"also for {value}", {**narrow, many: [*rule.get(many, [rule.get(one)]), value]}
    yield "for whom nobody knows yet", {**narrow, one: "[unknown]"}
    yield from _more_endpoints(rule)
    any_port = {key: value for key, value in rule.items() if key not in (port, ports)}
    for value in ("*", "0-65535"):
        yield f"at ports {value}", {**any_port, port: value}
    yield "at ports nobody knows yet", {**any_port, port: "[unknown]"}


def _more_endpoints(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """Yield the single addresses of a rule with their neighbours, other endpoints of the subnet among them."""
    one, many = "destinationAddressPrefix", "destinationAddressPrefixes"
    if HTTPS not in (rule.get("destinationPortRange"), *rule.get("destinationPortRanges", ())):
        return  # nothing else answers beside the firewall's own address for names
    rest = {key: value for key, value in rule.items() if key not in (one, many)}
    for words, ends in wider(rule.get(many) or [rule.get(one, "")]):
        yield words, {**rest, many: ends}


def _without_denial(inputs: Mapping[str, Any]) -> Made:
    """Yield each denial as a rule that allows, and each that no other rule replaces as removed."""
    rules = _rules(inputs)
    denials = [rule for rule in rules if rule.get("access") == "Deny"]
    for rule in denials:
        turned = [{**r, "access": "Allow"} if r is rule else r for r in rules]
        unknown = [{**r, "access": "[unknown]"} if r is rule else r for r in rules]
        yield f"{rule['name']} allows", _with(inputs, turned)
        yield f"{rule['name']} does nobody know what", _with(inputs, unknown)
        if _of_all(rule):
            yield f"{rule['name']} left out", _with(inputs, [r for r in rules if r is not rule])
    for direction in SIDES:
        rest = [rule for rule in rules if rule not in denials or rule.get("direction") != direction]
        yield f"no refusal {direction.lower()}", _with(inputs, rest)


def _of_all(rule: Rule) -> bool:
    return rule.get("sourceAddressPrefix") == "*" and rule.get("destinationAddressPrefix") == "*"


def _none(inputs: Mapping[str, Any]) -> Made:
    yield "no rules", _with(inputs, [])
    yield "rules nobody knows yet", {**inputs, "securityRules": "[unknown]"}
    yield "rules left out", {key: value for key, value in inputs.items() if key != "securityRules"}


GROUP = Table(
    "network:NetworkSecurityGroup",
    weakenings=(
        Rework(("securityRules",), _none, "only Azure's own rules would act, which let networks talk and all go out"),
        Rework(("securityRules[*].access",), _without_denial, "what no rule names would be let through"),
        Rework(("securityRules[*].sourceAddressPrefix", "securityRules[*].destinationAddressPrefix",
                "securityRules[*].destinationAddressPrefixes", "securityRules[*].destinationPortRange",
                "securityRules[*].destinationPortRanges"), _wider, "more than those who need it could talk"),
        Rework(("securityRules",), _unwanted, "a way in or out that nobody asked for"),
    ),
    harmless=(
        Harmless("securityRules[*].description", "words for people"),
        Harmless("securityRules[*].direction", "a rule turned around is one gone and one more, each tried for itself"),
        Harmless("securityRules[*].name", "a name"),
        Harmless("securityRules[*].priority", "what lets through is judged wherever it stands, and so is what refuses"),
        Harmless("securityRules[*].protocol", "who may talk stays the same, and nobody listens for another protocol"),
        Harmless("securityRules[*].sourcePortRange", "the asker's own port: any, which is the widest"),
    ),
)  # fmt: skip
TABLES = (GROUP,)
