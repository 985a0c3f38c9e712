"""Weaknesses of NSGs: wider allow rules, removed deny rules, and additional rules.

Sources: learn.microsoft.com, "Network security groups", "Virtual network service tags", "Working with NSG access and
Azure Bastion".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.mutations.model import Harmless, Rework, Table
from policies.mutations.paths import entries
from policies.mutations.table import external
from policies.mutations.table.wider_ranges import wider

ANY_SOURCE = ("*", "Internet", "0.0.0.0/0", external.PUBLIC_RANGE, "10.0.0.0/8", "VirtualNetwork")
ANY_DESTINATION = (*ANY_SOURCE, "Storage", "AzureCloud")
SIDES = {"Inbound": ("source", ANY_SOURCE), "Outbound": ("destination", ANY_DESTINATION)}
HTTPS = "443"
Rule = Mapping[str, Any]
Reworked = Iterator[tuple[str, Mapping[str, Any]]]


def _new(name: str, direction: str, source: str, destination: str, port: str) -> Rule:
    return {
        "name": name, "direction": direction, "access": "Allow", "protocol": "*", "priority": 3500,
        "sourceAddressPrefix": source, "sourcePortRange": "*", "destinationAddressPrefix": destination,
        "destinationPortRange": port,
    }  # fmt: skip


ADDITIONAL_RULES = (
    *(_new(f"{source} in, port {port}", "Inbound", source, "*", port)
      for source in ("Internet", "*", "0.0.0.0/0", "Any", external.PUBLIC_RANGE)
      for port in ("22", "3389", "443", "*")),
    *(_new(f"out to {remote}, port {port}", "Outbound", "*", remote, port)
      for remote in ("Internet", "*", "0.0.0.0/0", external.PUBLIC_RANGE, "Storage", "AzureCloud")
      for port in ("443", "*")),
    _new("out to Azure's DNS server", "Outbound", "*", "AzurePlatformDNS", "53"),
    {**_new("in from both halves of the Internet", "Inbound", "", "*", "443"), "sourceAddressPrefix": None,
     "sourceAddressPrefixes": ["0.0.0.0/1", "128.0.0.0/1"]},
    {**_new("out to both halves of the Internet", "Outbound", "*", "", "443"), "destinationAddressPrefix": None,
     "destinationAddressPrefixes": ["0.0.0.0/1", "128.0.0.0/1"]},
    {**_new("in from a list with the Internet", "Inbound", "", "*", "443"), "sourceAddressPrefix": None,
     "sourceAddressPrefixes": ["10.64.0.0/26", "Internet"]},
)  # fmt: skip


def _rules(inputs: Mapping[str, Any]) -> list[Rule]:
    return list(entries(inputs.get("securityRules")))


def _is_bastion_nsg(inputs: Mapping[str, Any]) -> bool:
    """True for the NSG of a Bastion's subnet, whose rules Azure prescribes."""
    return any(rule.get("sourceAddressPrefix") == "GatewayManager" for rule in _rules(inputs))


def _with_rules(inputs: Mapping[str, Any], rules: list[Rule]) -> Mapping[str, Any]:
    return {**inputs, "securityRules": rules}


def _additional_rules(inputs: Mapping[str, Any]) -> Reworked:
    bastion = _is_bastion_nsg(inputs)
    for rule in ADDITIONAL_RULES:
        required = (
            bastion
            and rule["destinationPortRange"] == "443"
            and (rule["direction"] == "Inbound" or rule["destinationAddressPrefix"] == "AzureCloud")
        )
        if not required:
            extra = {key: value for key, value in rule.items() if value is not None}
            extra["name"] = "mutant"
            yield f"additional rule: {rule['name']}", _with_rules(inputs, [*_rules(inputs), extra])


def _wider_rules(inputs: Mapping[str, Any]) -> Reworked:
    rules = [] if _is_bastion_nsg(inputs) else _rules(inputs)
    for index, rule in enumerate(rules):
        if rule.get("access") == "Allow":
            for label, changed in _wider_rule(rule):
                yield f"{rule['name']} {label}", _with_rules(inputs, [*rules[:index], changed, *rules[index + 1 :]])


def _wider_rule(rule: Rule) -> Iterator[tuple[str, Rule]]:
    side, values = SIDES.get(str(rule.get("direction")), SIDES["Inbound"])
    single, several, port, ports = (
        f"{side}AddressPrefix", f"{side}AddressPrefixes", "destinationPortRange", "destinationPortRanges"
    )  # fmt: skip
    narrow = {key: value for key, value in rule.items() if key not in (single, several)}
    for value in values:
        yield f"for {value}", {**narrow, single: value}
        yield f"also for {value}", {**narrow, several: [*rule.get(several, [rule.get(single)]), value]}
    yield "for an unknown peer", {**narrow, single: "[unknown]"}
    yield from _more_endpoints(rule)
    any_port = {key: value for key, value in rule.items() if key not in (port, ports)}
    for value in ("*", "0-65535"):
        yield f"at ports {value}", {**any_port, port: value}
    yield "at unknown ports", {**any_port, port: "[unknown]"}


def _more_endpoints(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """Yield a rule with wider ranges in place of its single addresses. They contain other endpoints of the subnet."""
    single, several = "destinationAddressPrefix", "destinationAddressPrefixes"
    if HTTPS not in (rule.get("destinationPortRange"), *rule.get("destinationPortRanges", ())):
        return  # a DNS rule: in the firewall's subnet only the firewall has an address
    rest = {key: value for key, value in rule.items() if key not in (single, several)}
    for label, ranges in wider(rule.get(several) or [rule.get(single, "")]):
        yield label, {**rest, several: ranges}


def _weaker_deny_rules(inputs: Mapping[str, Any]) -> Reworked:
    """Yield the rules with each deny rule changed to allow, and without it if it denies all traffic."""
    rules = _rules(inputs)
    deny_rules = [rule for rule in rules if rule.get("access") == "Deny"]
    for rule in deny_rules:
        allowed = [{**r, "access": "Allow"} if r is rule else r for r in rules]
        unknown = [{**r, "access": "[unknown]"} if r is rule else r for r in rules]
        yield f"{rule['name']} allows", _with_rules(inputs, allowed)
        yield f"{rule['name']} with unknown access", _with_rules(inputs, unknown)
        if _matches_everything(rule):
            yield f"{rule['name']} left out", _with_rules(inputs, [r for r in rules if r is not rule])
    for direction in SIDES:
        rest = [rule for rule in rules if rule not in deny_rules or rule.get("direction") != direction]
        yield f"no deny rule {direction.lower()}", _with_rules(inputs, rest)


def _matches_everything(rule: Rule) -> bool:
    return rule.get("sourceAddressPrefix") == "*" and rule.get("destinationAddressPrefix") == "*"


def _without_rules(inputs: Mapping[str, Any]) -> Reworked:
    yield "no rules", _with_rules(inputs, [])
    yield "unknown rules", {**inputs, "securityRules": "[unknown]"}
    yield "rules left out", {key: value for key, value in inputs.items() if key != "securityRules"}


GROUP = Table(
    "network:NetworkSecurityGroup",
    weakenings=(
        Rework(("securityRules",), _without_rules,
               "Azure's default rules allow all outbound traffic and that of networks"),
        Rework(("securityRules[*].access",), _weaker_deny_rules, "traffic that no rule names would be allowed"),
        Rework(("securityRules[*].sourceAddressPrefix", "securityRules[*].destinationAddressPrefix",
                "securityRules[*].destinationAddressPrefixes", "securityRules[*].destinationPortRange",
                "securityRules[*].destinationPortRanges"), _wider_rules, "more peers than required could connect"),
        Rework(("securityRules",), _additional_rules, "unapproved traffic would be allowed"),
    ),
    harmless=(
        Harmless("securityRules[*].description", "documentation only"),
        Harmless("securityRules[*].direction", "a change of direction is a removal and an addition, both covered"),
        Harmless("securityRules[*].name", "a name"),
        Harmless("securityRules[*].priority", "allow and deny rules are evaluated at every priority"),
        Harmless("securityRules[*].protocol", "the peers stay the same, and no service uses another protocol"),
        Harmless("securityRules[*].sourcePortRange", "any port, the widest value"),
    ),
)  # fmt: skip
TABLES = (GROUP,)
