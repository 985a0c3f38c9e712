"""Ways in and out that a change opens or closes: by the rules of security groups and firewalls, which are evaluated
before and after it, and by the resources that connect networks and services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network

from formats.plan import Operation
from formats.property_changes import ChangeKind, Entry, PropertyChange
from formats.urns import name_of, plain_type
from operations.diffs.meaning import Meaning
from operations.diffs.model import Sense, Step
from operations.diffs.readers import place_of
from operations.diffs.rule_effect import PacketRule, effect, rules_in
from operations.diffs.text import shortened
from policies.azure_semantics import dns_policies, firewall, private_link, security_group
from policies.model import Resource

MAX_RULES, MAX_TEXT = 3, 120
PEERING, PUBLIC_ADDRESS = "network:VirtualNetworkPeering", "network:PublicIPAddress"
GATEWAY_CONNECTION = "network:VirtualNetworkGatewayConnection"
CONNECTING: Mapping[str, str] = {
    PEERING: "the peering of two networks",
    private_link.ENDPOINT: "a private endpoint",
    **dict.fromkeys(private_link.CONNECTION_TYPES, "an approved connection of a private endpoint"),
    private_link.LINK: "the names of a private zone in a network",
    GATEWAY_CONNECTION: "the connection of a site",
    PUBLIC_ADDRESS: "a public address",
}
"""The types that are a way themselves: the network and service paths of the flow analysis."""
BLOCKING = (dns_policies.LINK,)
"""The types whose resources close a way: without its policy, Azure's DNS server answers every name."""
GUARDED: Mapping[str, str] = {
    dns_policies.LINK: "virtualNetwork",
    security_group.RULE: "networkSecurityGroupName",
    firewall.GROUP: "firewallPolicyName",
}
"""The property of a control that names what it protects."""
GROUP = "network:NetworkSecurityGroup"
RULES: Mapping[str, frozenset[str]] = {
    GROUP: frozenset({"securityRules"}),
    security_group.RULE: frozenset(path.rpartition(":")[2] for path in security_group.RULE_PATHS if GROUP not in path),
    firewall.GROUP: frozenset({"priority", "ruleCollections"}),
}
"""The types that have rules, with the properties that are part of these."""
ADMITTING: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "storage:StorageAccount": tuple(
        ("networkRuleSet", part) for part in ("ipRules", "virtualNetworkRules", "resourceAccessRules")
    ),
    "keyvault:Vault": tuple(("properties", "networkAcls", part) for part in ("ipRules", "virtualNetworkRules")),
    "network:IpGroup": (("ipAddresses",),),
    "network:LocalNetworkGateway": (("localNetworkAddressSpace", "addressPrefixes"),),
    dns_policies.LIST: ((dns_policies.DOMAINS,),),
}
"""The lists, by type, of which each entry is admitted or answered."""


def way_of_resource(step: Step) -> Sense | None:
    """Return the meaning of a created, replaced or deleted resource that opens or closes a way.

    A control that goes together with all that it protects opens none.
    """
    found = _way_of_resource(step)
    return None if found and found.meaning is Meaning.OPENS_WAY and _goes_with_all(step) else found


def _way_of_resource(step: Step) -> Sense | None:
    type_, operation = plain_type(step.resource.type), step.resource.operation
    gone = operation is Operation.DELETE
    if type_ in CONNECTING:
        verb = {Operation.DELETE: "Takes away", Operation.REPLACE: "Replaces"}.get(operation, "Adds")
        return Sense(_meaning(not gone), f"{verb} {CONNECTING[type_]}")
    if type_ in BLOCKING:
        return Sense(_meaning(gone), f"{'Takes away' if gone else 'Adds'} the rules for DNS names of a network")
    if type_ in RULES:
        return _of_rules(step, gone)
    return None


def _goes_with_all(step: Step) -> bool:
    """True if a plan deletes a control and all that it protects."""
    if step.resource.operation is not Operation.DELETE:
        return False
    name = GUARDED.get(plain_type(step.resource.type))
    protected = step.resource.property_dependencies.get(name, ()) if name else ()
    return bool(protected) and all(urn in step.deleted for urn in protected)


def _of_rules(step: Step, gone: bool) -> Sense | None:
    """Return the meaning of all rules of a resource: those that allow open ways, and close them when they go."""
    if gone and plain_type(step.resource.type) == GROUP:
        return None  # its subnet needs another; NW2 fails otherwise
    try:
        rules = rules_in(_resource(step, step.resource.inputs))
    except Exception:
        return None if gone else Sense(Meaning.OPENS_WAY, "Rules that are not known yet")
    allowing = [rule for rule in rules if rule.allows]
    if rules and not allowing:
        return Sense(_meaning(gone), f"{'Takes away' if gone else 'Adds'} rules that deny")
    if not rules:
        return None
    return Sense(_meaning(not gone), f"{'No longer allows' if gone else 'Allows'} {_listed(allowing)}")


def way_of_property(step: Step, change: PropertyChange) -> Sense | None:
    """Return the meaning of a changed property that decides which connections are allowed."""
    type_ = plain_type(step.resource.type)
    if type_ in RULES:
        return _by_effect(step, change) if change.path and change.path[0] in RULES[type_] else None
    place = tuple(part for part in place_of(change) if part != "*")
    if not any(place[: len(one)] == one for one in ADMITTING.get(type_, ())):
        return None
    if change.kind is ChangeKind.ADDED:
        return Sense(Meaning.OPENS_WAY, "Admits one more entry")
    if change.kind is ChangeKind.REMOVED:
        return Sense(Meaning.CLOSES_WAY, "Admits one entry less")
    if _is_narrower(change):
        return Sense(Meaning.CLOSES_WAY, "Admits fewer addresses")
    return Sense(Meaning.OPENS_WAY, "Admits other entries")


def _is_narrower(change: PropertyChange) -> bool:
    """True if a range of addresses becomes a part of itself."""
    try:
        before, after = (ip_network(str(value)) for value in (change.before, change.after))
    except ValueError:
        return False
    return before.version == after.version and after.subnet_of(before)  # type: ignore[arg-type]


def _by_effect(step: Step, change: PropertyChange) -> Sense | None:
    """Return the meaning by what the rules allow before and after, at the connections that the changed rule names."""
    resource = step.resource
    names = frozenset(str(part.value) for part in change.path if isinstance(part, Entry) and part.key == "name")
    try:
        before = rules_in(_resource(step, resource.old_inputs or {}))
        after = rules_in(_resource(step, resource.inputs))
    except Exception:
        return Sense(Meaning.OPENS_WAY, "Rules that are not known yet may allow more")
    opened, closed = effect(before, after, names)
    if opened:
        return Sense(Meaning.OPENS_WAY, f"Newly allows {_listed(opened)}")
    if closed:
        return Sense(Meaning.CLOSES_WAY, f"No longer allows {_listed(closed)}")
    return None


def _resource(step: Step, inputs: Mapping[str, object]) -> Resource:
    resource = step.resource
    known = resource.id or f"/subscriptions/-/resourceGroups/-/providers/-/{name_of(resource.urn)}"
    return Resource(resource.urn, plain_type(resource.type), resource.name, step.stack, inputs, known)


def _meaning(opens: bool) -> Meaning:
    return Meaning.OPENS_WAY if opens else Meaning.CLOSES_WAY


def _listed(rules: Sequence[PacketRule]) -> str:
    texts = list(dict.fromkeys(rule.text for rule in rules))
    more = f", and {len(texts) - MAX_RULES} more" if len(texts) > MAX_RULES else ""
    return "; ".join(shortened(text, MAX_TEXT * 2) for text in texts[:MAX_RULES]) + more
