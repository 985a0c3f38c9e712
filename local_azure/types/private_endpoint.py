"""Microsoft.Network: private endpoints and their DNS zone groups.

Facts: docs/azure-facts.md#names-of-network-resources, #private-endpoints, #private-addresses, #dns-zone-groups,
#network-limits, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.fixed_properties import CONNECTION_FIXED
from local_azure.ids import name_of
from local_azure.locations import normal_location
from local_azure.model import AzureType, Json, Request
from local_azure.types.addresses import lowest_free_address, require_free_address, subnet_ranges, used_addresses
from local_azure.types.common import (
    arm_type,
    at_most,
    etag,
    guid,
    in_same_region,
    network_name,
    parent_id,
    refuse,
    resource_group_id,
    same,
    value_at,
    values_at,
)
from local_azure.types.subnet import SUBNET, refuse_if_delegated

ENDPOINT = "azure-native:network:PrivateEndpoint"
ZONE_GROUP = "azure-native:network:PrivateDnsZoneGroup"
ZONE = "azure-native:privatedns:PrivateZone"

MONITOR_FQDNS = (
    "api.monitor.azure.com",
    "global.in.ai.monitor.azure.com",
    "profiler.monitor.azure.com",
    "live.monitor.azure.com",
    "diagservices-query.monitor.azure.com",
    "snapshot.monitor.azure.com",
    "agent-solution-packs.blob.core.windows.net",
    "oms.opinsights.azure.com",
    "ods.opinsights.azure.com",
    "agentsvc.azure-automation.net",
    "handler.control.monitor.azure.com",
)
"""The FQDNs of an Azure Monitor private link scope, each with an address."""

STORAGE_GROUPS = ("blob", "dfs", "file", "queue", "table", "web")
GROUP_IDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "microsoft.storage/storageaccounts": {
        **{group: (f"{{name}}.{group}.core.windows.net",) for group in STORAGE_GROUPS},
        **{f"{group}_secondary": (f"{{name}}-secondary.{group}.core.windows.net",) for group in STORAGE_GROUPS},
    },
    "microsoft.keyvault/vaults": {"vault": ("{name}.vault.azure.net",)},
    "microsoft.insights/privatelinkscopes": {"azuremonitor": MONITOR_FQDNS},
    "microsoft.containerregistry/registries": {"registry": ("{name}.azurecr.io", "{name}.{region}.data.azurecr.io")},
    "microsoft.compute/diskaccesses": {"disks": ("md-impexp-{name}.z1.blob.storage.azure.net",)},
}
"""The group ids of each ARM type, each with its FQDNs (docs/azure-facts.md#group-ids-of-private-endpoints)."""

MEMBER_NAMES: Mapping[str, tuple[str, ...]] = {
    **{group: (group,) for group in GROUP_IDS["microsoft.storage/storageaccounts"]},
    "vault": ("default",),
    "registry": ("registry", "registry_data_{region}"),
}
"""The members of each group id with known ones, in the order of its FQDNs (docs/azure-facts.md#members-of-group-ids).

Azure lists the others only for a deployed service (`az network private-link-resource list`).
"""


def _connections(request: Request) -> list[Mapping[str, Json]]:
    return values_at(request.new, "privateLinkServiceConnections[*]") + values_at(
        request.new, "manualPrivateLinkServiceConnections[*]"
    )


def _one_connection(request: Request) -> None:
    if len(_connections(request)) != 1:
        text = f"Private endpoint {request.name} takes exactly one connection, automatic or manual."
        refuse("PrivateEndpointMustHaveOneConnection", text)


def _manual_has_request_message(request: Request) -> None:
    for connection in values_at(request.new, "manualPrivateLinkServiceConnections[*]"):
        message = connection.get("requestMessage") or ""
        if not 1 <= len(message) <= 140:
            text = f"Connection {connection.get('name')} is manual: its requestMessage takes 1 to 140 characters."
            refuse("PrivateEndpointRequestMessageInvalid", text)


def _group_id_is_supported(request: Request) -> None:
    for connection in _connections(request):
        target, groups = str(connection.get("privateLinkServiceId") or ""), connection.get("groupIds") or []
        known = GROUP_IDS.get(arm_type(target))
        if known is None:
            text = f"Resource {target} of type {arm_type(target)} does not take private endpoints."
            refuse("PrivateEndpointResourceTypeNotSupported", text, target=target)
        if len(groups) != 1:
            text = f"Private endpoint {request.name} to {target} takes a single subresource; found {len(groups)}."
            refuse("PrivateEndpointGroupIdsInvalid", text)
        if groups[0] not in known:
            text = f"Call to {arm_type(target)} failed. Error message: The group id '{groups[0]}' is not supported; "
            refuse("PrivateEndpointGroupIdNotSupported", text + f"allowed: {', '.join(known)}.", target=target)


def _target_exists(request: Request) -> None:
    for connection in _connections(request):
        target = str(connection.get("privateLinkServiceId") or "")
        if request.cloud.get(target) is None:
            text = f"The Resource '{target}' was not found."
            refuse("ResourceNotFound", text, status=404, target=target)


def _subnet_accepts_endpoint(request: Request) -> None:
    if not value_at(request.new, "subnet.id"):
        refuse("InvalidRequestFormat", f"Private endpoint {request.name} has no subnet.")
    refuse_if_delegated("Microsoft.Network/privateEndpoints", str(request.new["subnet"]["id"]), request)


def _static_addresses_are_free(request: Request) -> None:
    subnet_id = str(value_at(request.new, "subnet.id", ""))
    subnet = request.cloud.get(subnet_id)
    if subnet is None:
        return
    used = used_addresses(request.cloud, subnet_id, excluding=request.id)
    for address in values_at(request.new, "ipConfigurations[*].privateIPAddress"):
        require_free_address(address, subnet_ranges(subnet.properties), used)
        used.add(address)


def _static_address_names_member(request: Request) -> None:
    """A static address names its group id and member (docs/azure-facts.md#members-of-group-ids)."""
    given = [
        tuple(value_at(each, key, "") for key in ("privateIPAddress", "groupId", "memberName"))
        for each in _static(request)
    ]
    if not given:
        return
    group = _connections(request)[0]["groupIds"][0]
    if group not in MEMBER_NAMES:
        text = f"The local Azure does not know the members of group {group}, so they cannot have a static address."
        refuse("PrivateEndpointIpConfigurationMemberNamesNotKnown", text)
    members = _members(request)
    if sorted(pair[1:] for pair in given) != sorted((group, member) for member in members):
        configured = ", ".join(f"PrivateIPAddress: {a}, GroupId: {g}, MemberName: {m}" for a, g, m in given)
        text = f"Private Endpoint {request.id} contains static ipconfigurations: [{configured}] and its missing these "
        wanted = "; ".join(f"GroupId: {group}, MemberName: {member}" for member in members)
        text += f"membernames/groupids requested by Private Link service [{wanted}]. "
        text += "Private Endpoint needs to be reconfigured with missing memberNames."
        refuse("PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps", text)


def _static(request: Request) -> list[Mapping[str, Json]]:
    """Return the static IP configurations."""
    return values_at(request.new, "ipConfigurations[*]")


def _target(request: Request) -> tuple[str, str, str]:
    """Return the id of the target, its group id, and its region."""
    connection = _connections(request)[0]
    target = str(connection.get("privateLinkServiceId"))
    stored = request.cloud.get(target)
    return target, connection["groupIds"][0], normal_location(stored.location if stored else "")


def _members(request: Request) -> tuple[str, ...]:
    _, group, region = _target(request)
    return tuple(member.format(region=region) for member in MEMBER_NAMES.get(group, ()))


def _fqdns(request: Request) -> list[str]:
    target, group, region = _target(request)
    return [text.format(name=name_of(target).lower(), region=region) for text in GROUP_IDS[arm_type(target)][group]]


def _dns_configs(request: Request) -> list[dict[str, Json]]:
    """Return an FQDN and an address for each member. Those of an existing endpoint stay."""
    stored = request.cloud.get(request.id)
    kept = (
        {value_at(item, "fqdn"): item for item in values_at(stored.properties, "customDnsConfigs[*]")} if stored else {}
    )
    subnet_id = str(value_at(request.new, "subnet.id", ""))
    subnet = request.cloud.get(subnet_id)
    if subnet is None:
        return []
    static = {str(one.get("memberName")): one.get("privateIPAddress") for one in _static(request)}
    members, used = _members(request), used_addresses(request.cloud, subnet_id)
    configs = []
    for number, fqdn in enumerate(_fqdns(request)):
        address = static.get(members[number]) if number < len(members) else ""
        if fqdn in kept:
            configs.append(dict(kept[fqdn]))
            continue
        address = address or lowest_free_address(subnet_ranges(subnet.properties)[0], used)
        used.add(address)
        configs.append({"fqdn": fqdn, "ipAddresses": [address]})
    return configs


def _outputs(request: Request) -> Mapping[str, Json]:
    nic = request.new.get("customNetworkInterfaceName") or f"{request.name}.nic.{guid(request.id, 'nic')}"
    stored = request.cloud.get(request.id)
    nics = values_at(stored.properties, "networkInterfaces[*]") if stored else []
    outputs: dict[str, Json] = {
        "etag": etag(request),
        "provisioningState": "Succeeded",
        "customDnsConfigs": _dns_configs(request),
        "networkInterfaces": nics
        or [{"id": f"{resource_group_id(request.id)}/providers/Microsoft.Network/networkInterfaces/{nic}"}],
    }
    for path, status in (
        ("privateLinkServiceConnections", "Approved"),
        ("manualPrivateLinkServiceConnections", "Pending"),
    ):
        state = {
            "status": status,
            "description": "Auto-Approved" if status == "Approved" else "",
            "actionsRequired": "None",
        }
        outputs[path] = [
            {
                **connection,
                "id": f"{request.id}/{path}/{connection.get('name')}",
                "etag": etag(request),
                "provisioningState": "Succeeded",
                "privateLinkServiceConnectionState": state,
            }
            for connection in values_at(request.new, f"{path}[*]")
        ]
    return outputs


# DNS zone groups -----------------------------------------------------------------------------------------------------


def _one_zone_group_per_endpoint(request: Request) -> None:
    for sibling in request.cloud.children(parent_id(request.id), ZONE_GROUP):
        if not same(sibling.id, request.id):
            text = f"Private endpoint {parent_id(request.id)} already has the DNS zone group {sibling.name}."
            refuse("PrivateDnsZoneGroupLimitReached", text, target=sibling.id)


def _one_to_five_zones(request: Request) -> None:
    """One to five zones, with different names."""
    zones = values_at(request.new, "privateDnsZoneConfigs[*].privateDnsZoneId")
    if not 1 <= len(zones) <= 5:
        text = f"Private DNS zone group {request.name} takes 1 to 5 zones; found {len(zones)}."
        refuse("PrivateDnsZoneGroupInvalidZoneCount", text)
    names = [name_of(zone).lower() for zone in zones]
    if len(names) != len(set(names)):
        text = f"Private DNS zone group {request.name} holds two zones of one name."
        refuse("MultiplePrivateDnsZonesOfSameNameNotAllowed", text)


def _group_outputs(request: Request) -> Mapping[str, Json]:
    """Return the outputs, with the records of the group in each zone."""
    endpoint = request.cloud.get(parent_id(request.id))
    names = values_at(endpoint.properties, "customDnsConfigs[*]") if endpoint else []
    configs = []
    for config in values_at(request.new, "privateDnsZoneConfigs[*]"):
        zone = name_of(str(config.get("privateDnsZoneId", ""))).lower()
        public = zone.removeprefix("privatelink.")
        public = "vault.azure.net" if public == "vaultcore.azure.net" else public
        records = [
            {
                "recordType": "A",
                "recordSetName": name["fqdn"].removesuffix(f".{public}"),
                "fqdn": f"{name['fqdn'].removesuffix(f'.{public}')}.{zone}",
                "ttl": 10,
                "provisioningState": "Succeeded",
                "ipAddresses": name["ipAddresses"],
            }
            for name in names
            if name["fqdn"].endswith(f".{public}")
        ]
        configs.append({**config, "recordSets": records})
    return {"etag": etag(request), "provisioningState": "Succeeded", "privateDnsZoneConfigs": configs}


TYPES = (
    AzureType(
        token=ENDPOINT,
        name=network_name(2, 64),
        references={"subnet.id": (SUBNET,)},
        replace_on_change=("subnet",),
        immutable={
            "customNetworkInterfaceName": "BadRequest",
            "privateLinkServiceConnections[*].name": CONNECTION_FIXED,
            "privateLinkServiceConnections[*].privateLinkServiceId": CONNECTION_FIXED,
            "privateLinkServiceConnections[*].groupIds": CONNECTION_FIXED,
            "manualPrivateLinkServiceConnections": CONNECTION_FIXED,
            "ipConfigurations": "BadRequest",
        },
        computed=_outputs,
        constraints=(
            _one_connection,
            _group_id_is_supported,
            _target_exists,
            _manual_has_request_message,
            _subnet_accepts_endpoint,
            _static_address_names_member,
            _static_addresses_are_free,
            in_same_region("subnet.id"),
            at_most(
                64000, ENDPOINT, "PrivateEndpointCountLimitReached", "A subscription holds {limit} private endpoints."
            ),
        ),
    ),
    AzureType(
        token=ZONE_GROUP,
        name=network_name(),
        location="none",
        references={"privateDnsZoneConfigs[*].privateDnsZoneId": (ZONE,)},
        computed=_group_outputs,
        constraints=(_one_zone_group_per_endpoint, _one_to_five_zones),
    ),
)
