"""Microsoft.Network: network security groups, security rules, route tables and routes.

Facts: docs/azure-facts.md#nsg-rules, #routes, #network-limits, #subnets-in-use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from local_azure.model import AzureType, Json, Request
from local_azure.types.addresses import parse
from local_azure.types.common import (
    at_most,
    etag,
    guid,
    network_name,
    parent_id,
    refuse,
    refuse_while_used,
    same,
    values_at,
)
from local_azure.types.subnet import NSG, ROUTE, ROUTE_TABLE, SECURITY_RULE

NamedRules = Iterable[tuple[str, Mapping[str, Json]]]

PORTS = re.compile(r"\*|\d{1,5}(-\d{1,5})?")
SERVICE_TAG = re.compile(r"[A-Za-z][A-Za-z0-9.]*")
MAX_ROUTES = 1000
MAX_RULES = 2000


# Security rules ------------------------------------------------------------------------------------------------------


def _require_valid_rule(name: str, rule: Mapping[str, Json]) -> None:
    _priority_in_range(name, rule)
    _one_form_per_side(name, rule)
    _ports_are_valid(name, rule)
    _prefixes_are_valid(name, rule)


def _priority_in_range(name: str, rule: Mapping[str, Json]) -> None:
    priority = rule.get("priority")
    if not isinstance(priority, (int, float)) or not 100 <= priority <= 4096:
        text = f"Security rule has invalid Priority. Value provided: {priority} Allowed range: 100-4096."
        refuse("SecurityRuleInvalidPriority", text, target=name)


SIDES = {
    "source address": ("sourceAddressPrefix", "sourceAddressPrefixes", "sourceApplicationSecurityGroups"),
    "destination address": (
        "destinationAddressPrefix",
        "destinationAddressPrefixes",
        "destinationApplicationSecurityGroups",
    ),
    "source port": ("sourcePortRange", "sourcePortRanges"),
    "destination port": ("destinationPortRange", "destinationPortRanges"),
}


def _one_form_per_side(name: str, rule: Mapping[str, Json]) -> None:
    """Each side has exactly one of prefix, prefixes and application security groups, and one form of ports."""
    for side, forms in SIDES.items():
        given = [form for form in forms if rule.get(form)]
        if len(given) != 1:
            refuse(
                "SecurityRuleParameterContainsUnsupportedValue" if given else "SecurityRuleParameterNotSpecified",
                f"Security rule {name}: the {side} takes exactly one of {', '.join(forms)}; "
                f"found {', '.join(given) or 'none'}.",
                target=name,
            )


def _ports_are_valid(name: str, rule: Mapping[str, Json]) -> None:
    for end in ("source", "destination"):
        for text in values_at(rule, f"{end}PortRange") + values_at(rule, f"{end}PortRanges[*]"):
            numbers = [int(part) for part in str(text).split("-") if part.isdigit()]
            if not PORTS.fullmatch(str(text)) or numbers != sorted(numbers) or max(numbers, default=0) > 65535:
                message = f"Security rule has invalid Port range. Value provided: {text}. Value should be an integer "
                message += "or integer range with '-' delimiter. Valid range 0-65535."
                refuse("SecurityRuleInvalidPortRange", message, target=name)


def _prefixes_are_valid(name: str, rule: Mapping[str, Json]) -> None:
    """A prefix is a range, a service tag or, except in a list, `*`."""
    for end in ("source", "destination"):
        plural = values_at(rule, f"{end}AddressPrefixes[*]")
        if "*" in plural:
            text = f"Security rule parameter {end}AddressPrefixes for rule {name} cannot contain '*'."
            refuse("SecurityRuleParameterContainsUnsupportedValue", text, target=name)
        for text in values_at(rule, f"{end}AddressPrefix") + plural:
            if text != "*" and not SERVICE_TAG.fullmatch(str(text)):
                parse(str(text))


def _require_unique_priorities(rules: NamedRules) -> None:
    seen: dict[tuple[Json, Json], str] = {}
    for name, rule in rules:
        key = (rule.get("direction"), rule.get("priority"))
        if key in seen and not same(seen[key], name):
            refuse(
                "SecurityRuleConflict",
                f"Security rule {name} conflicts with rule {seen[key]}. Rules cannot have the same Priority and "
                "Direction.",
                target=name,
            )
        seen[key] = name


def _inline_rules(properties: Mapping[str, Json]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    return ((str(rule.get("name", "")), rule) for rule in values_at(properties, "securityRules[*]"))


def _separate_rules(request: Request, group: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    return ((rule.name, rule.properties) for rule in request.cloud.children(group, SECURITY_RULE))


def _inline_rules_are_valid(request: Request) -> None:
    for name, rule in _inline_rules(request.new):
        if not name:
            refuse("InvalidRequestFormat", "A security rule has no name.")
        _require_valid_rule(name, rule)


def _inline_priorities_are_unique(request: Request) -> None:
    _require_unique_priorities([*_inline_rules(request.new), *_separate_rules(request, request.id)])


def _rule_limit(request: Request) -> None:
    if len(values_at(request.new, "securityRules[*]")) > MAX_RULES:
        refuse("SecurityRuleCountLimitReached", f"A network security group holds at most {MAX_RULES} rules.")


def _rule_is_valid(request: Request) -> None:
    _require_valid_rule(request.name, request.new)


def _rule_priority_is_unique(request: Request) -> None:
    group = request.cloud.get(parent_id(request.id))
    inline = list(_inline_rules(group.properties)) if group else []
    others = [*inline, *_separate_rules(request, parent_id(request.id))]
    _require_unique_priorities(
        [*((name, rule) for name, rule in others if not same(name, request.name)), (request.name, request.new)]
    )


def _default_rules() -> list[dict[str, Json]]:
    """Return the six default rules of every network security group."""
    rows = (
        ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
        ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
        ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
        ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
        ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
        ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
    )
    return [
        {
            "name": name,
            "priority": priority,
            "direction": direction,
            "access": access,
            "protocol": "*",
            "sourceAddressPrefix": source,
            "destinationAddressPrefix": destination,
            "sourcePortRange": "*",
            "destinationPortRange": "*",
            "provisioningState": "Succeeded",
        }
        for name, priority, direction, access, source, destination in rows
    ]


def _group_outputs(request: Request) -> Mapping[str, Json]:
    return {
        "etag": etag(request),
        "provisioningState": "Succeeded",
        "resourceGuid": guid(request.id, "resource"),
        "defaultSecurityRules": _default_rules(),
    }


def _plain_outputs(request: Request) -> Mapping[str, Json]:
    return {"etag": etag(request), "provisioningState": "Succeeded"}


# Routes --------------------------------------------------------------------------------------------------------------


def _require_valid_route(name: str, route: Mapping[str, Json]) -> None:
    """A next hop address is required for a VirtualAppliance, and refused for other next hop types."""
    appliance, address = route.get("nextHopType") == "VirtualAppliance", route.get("nextHopIpAddress")
    if appliance and not address:
        text = f"Next hop IP address is required for next hop type VirtualAppliance in route {name}."
        refuse("RouteNextHopIpAddressIsRequired", text, target=name)
    if address and not appliance:
        text = f"Next hop IP address is only allowed for next hop type VirtualAppliance in route {name}."
        refuse("RouteNextHopIpAddressIsNotAllowed", text, target=name)
    prefix = str(route.get("addressPrefix") or "")
    if not SERVICE_TAG.fullmatch(prefix):
        parse(prefix)


def _inline_routes_are_valid(request: Request) -> None:
    routes = values_at(request.new, "routes[*]")
    if len(routes) > MAX_ROUTES:
        refuse("RouteCountLimitReached", f"A route table holds at most {MAX_ROUTES} routes.")
    for route in routes:
        _require_valid_route(str(route.get("name", "")), route)


def _route_is_valid(request: Request) -> None:
    _require_valid_route(request.name, request.new)


def _route_prefixes_are_unique(request: Request) -> None:
    """A table has one route for each prefix."""
    inline = [(str(route.get("name", "")), route) for route in values_at(request.new, "routes[*]")]
    table = request.id if request.token == ROUTE_TABLE else parent_id(request.id)
    others = [(route.name, route.properties) for route in request.cloud.children(table, ROUTE)]
    mine = inline if request.token == ROUTE_TABLE else [(request.name, request.new)]
    seen: dict[str, str] = {}
    for name, route in [*(pair for pair in others if not same(pair[0], request.name)), *mine]:
        prefix = str(route.get("addressPrefix", "")).lower()
        if prefix in seen:
            text = f"Route {name} conflicts with route {seen[prefix]}. Routes cannot have the same AddressPrefix."
            refuse("RouteConflict", text, target=name)
        seen[prefix] = name


def _table_outputs(request: Request) -> Mapping[str, Json]:
    return {**_plain_outputs(request), "resourceGuid": guid(request.id, "resource")}


TYPES = (
    AzureType(
        token=NSG,
        name=network_name(),
        defaults={"securityRules": []},
        computed=_group_outputs,
        constraints=(
            _inline_rules_are_valid,
            _inline_priorities_are_unique,
            _rule_limit,
            at_most(5000, NSG, "NetworkSecurityGroupCountLimitReached", "A region holds at most {limit} groups."),
        ),
        delete_constraints=(
            refuse_while_used(
                "InUseNetworkSecurityGroupCannotBeDeleted",
                "Network security group {name} cannot be deleted because it is in use by {user}.",
            ),
        ),
    ),
    AzureType(
        token=SECURITY_RULE,
        name=network_name(),
        location="none",
        computed=_plain_outputs,
        constraints=(_rule_is_valid, _rule_priority_is_unique),
    ),
    AzureType(
        token=ROUTE_TABLE,
        name=network_name(),
        # Azure propagates a gateway's routes by default.
        defaults={"disableBgpRoutePropagation": False, "routes": []},
        computed=_table_outputs,
        constraints=(
            _inline_routes_are_valid,
            _route_prefixes_are_unique,
            at_most(600, ROUTE_TABLE, "RouteTableCountLimitReached", "A region holds at most {limit} route tables."),
        ),
        delete_constraints=(
            refuse_while_used(
                "InUseRouteTableCannotBeDeleted",
                "Route table {name} is in use and cannot be deleted. It is used by {user}.",
            ),
        ),
    ),
    AzureType(
        token=ROUTE,
        name=network_name(),
        location="none",
        computed=_plain_outputs,
        constraints=(_route_is_valid, _route_prefixes_are_unique),
    ),
)
