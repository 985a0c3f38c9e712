"""Sample estates: the shipped estate with any number of tenancies, and changes that make its controls fail."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache
from ipaddress import IPv4Network
from typing import Any

from policies.azure_semantics import ids
from policies.azure_semantics.roles import RIGHTS
from policies.expected.staff import members as members_of_staff
from policies.model import PolicyContext, Resource
from policies.plan_resources import resources_of
from policies.reachability.control_sets import Control, ControlKind
from tests.policies import shipped

TENANCY = "tre-hcm-progression"
PROVIDERS = ("zq1", "zq2", "zq3")
SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
BLOB_WRITER, SECRETS_USER = "ba92f5b4-2d11-453d-a403-e96b0029c9fe", "4633458b-17de-408a-b874-0445c86b69e6"
ACR_PUSH = "8311e382-0749-4cb8-b61a-304f252e45ec"
LOCK = "authorization:ManagementLockByScope"
SIGN_IN = IPv4Network("192.0.2.1/32")
ASSIGNMENT = "authorization:PolicyAssignment"
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ALLOW = {"action": {"type": "Allow"}, "ruleCollectionType": "FirewallPolicyFilterRuleCollection"}


@cache
def stack(name: str) -> tuple[Resource, ...]:
    """Return the resources of one shipped stack, with every id known."""
    return tuple(resources_of(shipped.after(name)))


@cache
def estate(tenancies: int = 2) -> tuple[Resource, ...]:
    """Return a platform, the zones with three providers, and some tenancies."""
    junction = [r for r in stack("junction-zone") if not _of_another_provider(r)]
    shared = [*stack("platform"), *junction, *stack("safe-haven")]
    return (*shared, *(r for number in range(tenancies) for r in tenancy(number)))


def _of_another_provider(resource: Resource) -> bool:
    found = re.search(r"\bz[qr]\d\b", resource.name)
    return bool(found) and found.group() not in PROVIDERS if found else False


def tenancy(number: int) -> Iterable[Resource]:
    """Return a copy of the shipped tenancy with its own names, addresses, groups and identities."""
    if number == 0:
        return stack(TENANCY)
    shared = {g for other in ("platform", "safe-haven") for g in GUID.findall(_text(stack(other)))} | set(
        map(str, RIGHTS)
    )
    text = _text(list(map(_decoded, stack(TENANCY))))
    text = GUID.sub(
        lambda m: m.group() if m.group() in shared else _copied(m.group(), number),
        text,
    )
    text = text.replace("10.65.0.", f"10.65.{number}.").replace("hcm-progression", f"project-{number}")
    text = re.sub(r"(st|cr)wmsde(\w+)", rf"\g<1>wmsde\g<2>n{number}", text).replace(
        "kv-wmsde-keys-", f"kv-wmsde-n{number}-"
    )
    return [_encoded(Resource(**_tuples(one))) for one in json.loads(text)]


def _text(resources: Sequence[Resource]) -> str:
    return json.dumps([{k: getattr(r, k) for k in r.__dataclass_fields__} for r in resources])


CUSTOM_DATA = "customData"


def _decoded(resource: Resource) -> Resource:
    """Return a virtual machine with its custom data as text."""
    profile = resource.inputs.get("osProfile") or {}
    if CUSTOM_DATA not in profile:
        return resource
    text = base64.b64decode(profile[CUSTOM_DATA]).decode()
    return replace(resource, inputs={**resource.inputs, "osProfile": {**profile, CUSTOM_DATA: text}})


def _encoded(resource: Resource) -> Resource:
    profile = resource.inputs.get("osProfile") or {}
    if CUSTOM_DATA not in profile:
        return resource
    data = base64.b64encode(profile[CUSTOM_DATA].encode()).decode()
    return replace(resource, inputs={**resource.inputs, "osProfile": {**profile, CUSTOM_DATA: data}})


def _tuples(one: dict[str, Any]) -> dict[str, Any]:
    by_property = {k: tuple(v) for k, v in one["property_dependencies"].items()}
    return one | {
        "dependencies": tuple(one["dependencies"]),
        "ignore_changes": tuple(one["ignore_changes"]),
        "property_dependencies": by_property,
    }


def seen(resources: Iterable[Resource]) -> PolicyContext:
    """Return the whole estate of these resources."""
    found = list(resources)
    return PolicyContext(found, is_complete=True, members=_members({resource.stack for resource in found}))


def _members(stacks: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the members of the groups of staff: the shipped estate's, and those of the copies of its tenancy."""
    shared = {g for other in ("platform", "safe-haven") for g in GUID.findall(_text(stack(other)))}
    copies = [found[1] for name in stacks if (found := re.fullmatch(r"tre-project-(\d+)", name))]
    return {
        group: frozenset((*own, *(_copied(one, number) for one in own if one not in shared for number in copies)))
        for group, own in members_of_staff(shipped.configs()).items()
    }


def _copied(guid: str, number: int | str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{number}{guid}"))


def changed(resources: Sequence[Resource], id_: str, **inputs: Any) -> list[Resource]:
    """Return the resources with other values for some properties of one of them."""
    assert any(ids.plain(r.id) == id_ for r in resources), id_
    return [replace(r, inputs={**r.inputs, **inputs}) if ids.plain(r.id) == id_ else r for r in resources]


def named(resources: Iterable[Resource], stack_: str, type_: str, name: str) -> Resource:
    """Return one resource by its logical name."""
    (found,) = [r for r in resources if (r.stack, r.type, r.name) == (stack_, type_, name)]
    return found


def added(type_: str, name: str, id_: str, stack_: str = "platform", **inputs: Any) -> Resource:
    """Return a resource that is not in the program."""
    return Resource(f"urn:pulumi:{stack_}::sde::azure-native:{type_}::{name}", type_, name, stack_, inputs, id_)


def grant(principal: str, role: str, scope: str, stack_: str = "platform") -> Resource:
    """Return a role assignment."""
    id_ = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    return added(
        "authorization:RoleAssignment",
        f"added-{role[:4]}",
        id_,
        stack_,
        scope=scope,
        principalId=principal,
        principalType="Group",
        roleDefinitionId=f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
    )


def failing(resources: Sequence[Resource], control: Control) -> list[Resource]:
    """Return the resources without one control."""
    id_, _, what = control.id.partition("#")
    return _BREAK[control.kind](list(resources), id_, what)


def _grant(resources: list[Resource], key: str, _: str) -> list[Resource]:
    """Add one role too many, on the subscription."""
    principal = _principal(resources, key)
    scope = f"/subscriptions/{SUBSCRIPTION}"
    return [*resources, *(grant(principal, role, scope) for role in (BLOB_WRITER, SECRETS_USER, ACR_PUSH))]


def _principal(resources: Sequence[Resource], key: str) -> str:
    """Return the object id of an actor's key; for a computer, that of one of its identities."""
    if not key.startswith("urn:"):
        return key
    holder = next(r for r in resources if r.urn == key)
    if holder.type.endswith("VirtualMachine"):
        identity = holder.inputs["identity"]["userAssignedIdentities"][0].lower()
        key = next(r.urn for r in resources if ids.plain(r.id) == identity)
    return next(
        str(r.inputs["principalId"]) for r in resources if key in r.property_dependencies.get("principalId", ())
    )


def _rule(resources: list[Resource], policy: str, what: str) -> list[Resource]:
    """Add rules from everywhere to everywhere, by address and by name, after all others; or a DNAT rule. Without a
    lock, the rule for names comes before their denial. The addresses are without that of sign-in, where a network rule
    would act before those for names."""
    name = {
        "ruleType": "ApplicationRule",
        "name": "a",
        "sourceAddresses": ["*"],
        "targetFqdns": ["*"],
        "protocols": [{"protocolType": "Https", "port": 443}],
    }
    address = {
        "ruleType": "NetworkRule",
        "name": "n",
        "sourceAddresses": ["*"],
        "destinationAddresses": [str(part) for part in IPv4Network("0.0.0.0/0").address_exclude(SIGN_IN)],
        "destinationPorts": ["*"],
        "ipProtocols": ["Any"],
    }
    nat = {
        "ruleType": "NatRule",
        "name": "t",
        "sourceAddresses": ["*"],
        "destinationAddresses": ["20.0.0.1"],
        "destinationPorts": ["443"],
        "ipProtocols": ["TCP"],
        "translatedAddress": "10.64.9.4",
        "translatedPort": "443",
    }
    nats = {"ruleCollectionType": "FirewallPolicyNatRuleCollection", "name": "t", "priority": 100, "rules": [nat]}
    locked = any(r.type == LOCK and ids.plain(r.inputs["scope"]).startswith(f"{policy}/") for r in resources)
    groups = [(60000, nats)] if what == "translation" else [
        (priority, {**ALLOW, "name": rule["name"], "priority": 200, "rules": [rule]})
        for priority, rule in ((61000 if locked else 1, name), (60000, address))
    ]  # fmt: skip
    kind = "network:FirewallPolicyRuleCollectionGroup"
    return [
        *resources,
        *(
            added(kind, f"added-{priority}", f"{policy}/ruleCollectionGroups/{what}-{priority}", priority=priority,
                  ruleCollections=[collection])
            for priority, collection in groups
        ),
    ]  # fmt: skip


def _denial(resources: list[Resource], policy: str, _: str) -> list[Resource]:
    """Remove the denials of a firewall."""
    return [r for r in resources if not (ids.plain(r.id).startswith(f"{policy}/") and "Deny" in json.dumps(r.inputs))]


def _endpoint(resources: list[Resource], network: str, what: str) -> list[Resource]:
    """Add private endpoints for all resources outside the network, in each of its subnets for endpoints; or approve one
    outside the estate, at a store."""
    if what == "connection":
        type_ = "storage:PrivateEndpointConnection"
        state = {"status": "Approved"}
        return [*resources, added(type_, "outside", f"{network}/privateEndpointConnections/outside",
                                  privateLinkServiceConnectionState=state)]  # fmt: skip
    stack_ = next(r.stack for r in resources if ids.plain(r.id) == network)
    subnets = [r.id for r in resources if ids.plain(r.id).startswith(f"{network}/subnets/snet-")]
    kinds = ("storage:StorageAccount", "keyvault:Vault")
    targets = [r.id for r in resources if r.type in kinds and r.stack != stack_] + ["/subscriptions/elsewhere/stores/x"]
    connections = [{"name": f"c{i}", "privateLinkServiceId": target} for i, target in enumerate(targets)]
    return [
        *resources,
        *(
            endpoint(f"added-{i}", f"{network}-added-{i}", subnet, stack_, connections)
            for i, subnet in enumerate(subnets)
        ),
    ]


def endpoint(name: str, id_: str, subnet: Any, stack_: str, connections: Any, **more: Any) -> Resource:
    """Return a private endpoint."""
    return added("network:PrivateEndpoint", name, id_, stack_, subnet={"id": subnet},
                 privateLinkServiceConnections=connections, **more)  # fmt: skip


def _nsg(resources: list[Resource], group: str, way: str) -> list[Resource]:
    """Replace one direction of an NSG by a rule that allows everything."""
    resource = next(r for r in resources if ids.plain(r.id) == group)
    others = [rule for rule in resource.inputs["securityRules"] if rule["direction"].lower() != way]
    opened = {
        "name": "opened",
        "priority": 100,
        "direction": way.capitalize(),
        "access": "Allow",
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "*",
    }
    return changed(resources, group, securityRules=[*others, opened])


BASTION = {
    "clipboard": {"disableCopyPaste": False},
    "tunnel": {"enableTunneling": True},
    "file copy": {"enableFileCopy": True},
    "connection by address": {"enableIpConnect": True},
}


def _bastion(resources: list[Resource], host: str, what: str) -> list[Resource]:
    return changed(resources, host, **BASTION[what])


def _proxied(resources: list[Resource], id_: str, what: str) -> list[Resource]:
    """Give a firewall a DNAT rule, a rule too many, or a proxy."""
    if what == "proxy":
        return changed(resources, id_, explicitProxy={"enableExplicitProxy": True, "httpPort": 80, "httpsPort": 443})
    return _rule(resources, id_, what)


def _route(resources: list[Resource], table: str, what: str) -> list[Resource]:
    """Route a table straight to the Internet."""
    straight = {"name": "r", "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}
    assert what == "route", what
    return changed(resources, table, routes=[straight])


def _address(resources: list[Resource], id_: str, _: str) -> list[Resource]:
    """Let Azure itself give a subnet outbound access."""
    return changed(resources, id_, defaultOutboundAccess=True)


def _service(resources: list[Resource], subnet: str, _: str) -> list[Resource]:
    return changed(resources, subnet, serviceEndpoints=[{"service": "Microsoft.Storage"}])


def _peering(resources: list[Resource], id_: str, what: str) -> list[Resource]:
    """Peer two networks on both sides; or one with an external network."""
    one, _, other = id_.partition("+")
    pairs = [(one, "/subscriptions/elsewhere/net")] if what == "external" else [(one, other), (other, one)]
    return [*resources, *(peering(near, far) for near, far in pairs)]


def peering(near: str, far: str) -> Resource:
    """Return one side of a peering."""
    id_ = f"{near}/virtualNetworkPeerings/added-{uuid.uuid4()}"
    return added("network:VirtualNetworkPeering", "added", id_, remoteVirtualNetwork={"id": far})


def _guardrail(resources: list[Resource], group: str, noun: str) -> list[Resource]:
    """Remove the assignment of a guardrail in one group."""
    kept = [r for r in resources if not (r.type == ASSIGNMENT and _assigns(r, group, noun))]
    assert len(kept) < len(resources), noun
    return kept


def _assigns(assignment: Resource, group: str, noun: str) -> bool:
    in_scope = group.startswith(ids.plain(assignment.inputs["scope"]))
    return in_scope and noun in str(assignment.inputs["policyDefinitionId"])


def _names(resources: list[Resource], network: str, _: str) -> list[Resource]:
    """Remove the link of a network to its DNS security policy."""
    kept = [
        r
        for r in resources
        if not (r.type.endswith("PolicyVirtualNetworkLink") and network in json.dumps(r.inputs).lower())
    ]
    assert len(kept) < len(resources), network
    return kept


def _shell(resources: list[Resource], computer: str, _: str) -> list[Resource]:
    """Remove the customData of a computer."""
    resource = next(r for r in resources if ids.plain(r.id) == computer or r.urn == computer)
    system = {k: v for k, v in resource.inputs["osProfile"].items() if k != "customData"}
    return [replace(r, inputs={**r.inputs, "osProfile": system}) if r is resource else r for r in resources]


def _lock(resources: list[Resource], group: str, _: str) -> list[Resource]:
    """Remove the lock of a rule collection group."""
    kept = [r for r in resources if not (r.type == LOCK and ids.plain(r.inputs["scope"]) == group)]
    assert len(kept) < len(resources), group
    return kept


def _keys(resources: list[Resource], store: str, _: str) -> list[Resource]:
    return _setting(resources, store, "allowSharedKeyAccess", True)


def _public(resources: list[Resource], store: str, _: str) -> list[Resource]:
    return _setting(resources, store, "publicNetworkAccess", "Enabled")


def _network_rules(resources: list[Resource], store: str, _: str) -> list[Resource]:
    vault = "/vaults/" in store
    return _setting(resources, store, "networkAcls" if vault else "networkRuleSet", {"defaultAction": "Allow"})


def _setting(resources: list[Resource], store: str, key: str, value: Any) -> list[Resource]:
    """Set a property of a store; for a vault it is one level deeper."""
    resource = next(r for r in resources if ids.plain(r.id) == store)
    if resource.type == "keyvault:Vault":
        return changed(resources, store, properties={**deepcopy(resource.inputs["properties"]), key: value})
    return changed(resources, store, **{key: value})


_BREAK = {
    ControlKind.GRANT: _grant,
    ControlKind.FIREWALL: _proxied,
    ControlKind.FIREWALL_DENIAL: _denial,
    ControlKind.DNS_POLICY: _names,
    ControlKind.ENDPOINT: _endpoint,
    ControlKind.SECURITY_GROUP: _nsg,
    ControlKind.BASTION: _bastion,
    ControlKind.PUBLIC: _public,
    ControlKind.NETWORK_RULES: _network_rules,
    ControlKind.ROUTE: _route,
    ControlKind.ADDRESS: _address,
    ControlKind.SERVICE_ENDPOINT: _service,
    ControlKind.PEERING: _peering,
    ControlKind.GUARDRAIL: _guardrail,
    ControlKind.SHELL: _shell,
    ControlKind.LOCK: _lock,
    ControlKind.KEY_ACCESS: _keys,
}
