"""Microsoft.Network: private endpoints and their DNS zone groups. Sources: azure-facts 1.3, 2.2, 3, 4."""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json
from local_azure.types.addresses import next_free, prefixes, static_address_allowed, taken
from local_azure.types.common import (
    above,
    arm_type,
    at_most,
    etag,
    every,
    group_of,
    guid,
    in_same_region,
    last,
    one,
    refuse,
    same,
    word_dot,
)
from local_azure.types.subnet import SUBNET, open_to

ENDPOINT = "azure-native:network:PrivateEndpoint"
ZONE_GROUP = "azure-native:network:PrivateDnsZoneGroup"
ZONE = "azure-native:privatedns:PrivateZone"

MONITOR_NAMES = (
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
"""A monitor scope takes about eleven addresses (azure-facts 1.2, AMP)."""

STORAGE_GROUPS = ("blob", "dfs", "file", "queue", "table", "web")
GROUPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "microsoft.storage/storageaccounts": {
        **{group: (f"{{name}}.{group}.core.windows.net",) for group in STORAGE_GROUPS},
        **{f"{group}_secondary": (f"{{name}}-secondary.{group}.core.windows.net",) for group in STORAGE_GROUPS},
    },
    "microsoft.keyvault/vaults": {"vault": ("{name}.vault.azure.net",)},
    "microsoft.insights/privatelinkscopes": {"azuremonitor": MONITOR_NAMES},
    "microsoft.compute/diskaccesses": {"disks": ("md-impexp-{name}.z1.blob.storage.azure.net",)},
}
"""For each ARM type that private endpoints reach, its group ids, each with its names (azure-facts 1.3)."""

ONE_MEMBER: Mapping[str, str] = {
    **{group: group for group in GROUPS["microsoft.storage/storageaccounts"]},
    "vault": "default",
}
"""The member of each group that has one. Those of other groups are told by the deployed service alone
(`az network private-link-resource list`), so that the local Azure does not know them."""


def _connections(change: Change) -> list[Mapping[str, Json]]:
    return every(change.new, "privateLinkServiceConnections[*]") + every(
        change.new, "manualPrivateLinkServiceConnections[*]"
    )


def _one_connection(change: Change) -> None:
    if len(_connections(change)) != 1:
        text = f"Private endpoint {change.name} takes exactly one connection, automatic or manual."
        refuse("PrivateEndpointMustHaveOneConnection", text)


def _manual_says_why(change: Change) -> None:
    for connection in every(change.new, "manualPrivateLinkServiceConnections[*]"):
        message = connection.get("requestMessage") or ""
        if not 1 <= len(message) <= 140:  # azure-facts 2.2
            text = f"Connection {connection.get('name')} is manual: its requestMessage takes 1 to 140 characters."
            refuse("PrivateEndpointRequestMessageInvalid", text)


def _group_belongs_to_the_target(change: Change) -> None:
    for connection in _connections(change):
        target, groups = str(connection.get("privateLinkServiceId") or ""), connection.get("groupIds") or []
        known = GROUPS.get(arm_type(target))
        if known is None:
            text = f"Resource {target} of type {arm_type(target)} does not take private endpoints."
            refuse("PrivateEndpointResourceTypeNotSupported", text, target=target)
        if len(groups) != 1:
            text = f"Private endpoint {change.name} to {target} takes a single subresource; found {len(groups)}."
            refuse("PrivateEndpointGroupIdsInvalid", text)
        if groups[0] not in known:
            text = f"Call to {arm_type(target)} failed. Error message: The group id '{groups[0]}' is not supported; "
            refuse("PrivateEndpointGroupIdNotSupported", text + f"allowed: {', '.join(known)}.", target=target)


def _target_is_there(change: Change) -> None:
    for connection in _connections(change):
        target = str(connection.get("privateLinkServiceId") or "")
        if change.cloud.get(target) is None:
            text = f"The Resource '{target}' was not found."
            refuse("ResourceNotFound", text, status=404, target=target)


def _subnet_takes_it(change: Change) -> None:
    if not one(change.new, "subnet.id"):
        refuse("InvalidRequestFormat", f"Private endpoint {change.name} has no subnet.")
    open_to("Microsoft.Network/privateEndpoints", str(change.new["subnet"]["id"]), change)


def _static_addresses_are_free(change: Change) -> None:
    subnet_id = str(one(change.new, "subnet.id", ""))
    subnet = change.cloud.get(subnet_id)
    if subnet is None:
        return
    held = taken(change.cloud, subnet_id, besides=change.id)
    for address in every(change.new, "ipConfigurations[*].privateIPAddress"):
        static_address_allowed(address, prefixes(subnet.properties), held)
        held.add(address)


def _static_addresses_name_every_member(change: Change) -> None:
    """Azure's own words: Azure/terraform-azurerm-avm-res-keyvault-vault issue 108."""
    given = [
        tuple(one(each, key, "") for key in ("privateIPAddress", "groupId", "memberName")) for each in _static(change)
    ]
    if not given:
        return
    group = _connections(change)[0]["groupIds"][0]
    if group not in ONE_MEMBER:
        text = f"The local Azure does not know the members of group {group}, so an address cannot be chosen for them."
        refuse("PrivateEndpointIpConfigurationMemberNamesNotKnown", text)
    if [pair[1:] for pair in given] != [(group, ONE_MEMBER[group])]:
        said = ", ".join(f"PrivateIPAddress: {a}, GroupId: {g}, MemberName: {m}" for a, g, m in given)
        text = f"Private Endpoint {change.id} contains static ipconfigurations: [{said}] and its missing these "
        text += f"membernames/groupids requested by Private Link service [GroupId: {group}, MemberName: "
        text += f"{ONE_MEMBER[group]}]. Private Endpoint needs to be reconfigured with missing memberNames."
        refuse("PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps", text)


def _static(change: Change) -> list[Mapping[str, Json]]:
    """The addresses that were chosen, each with the member that it is for."""
    return every(change.new, "ipConfigurations[*]")


def _names(change: Change) -> list[str]:
    connection = _connections(change)[0]
    target, group = str(connection.get("privateLinkServiceId")), connection["groupIds"][0]
    return [text.format(name=last(target).lower()) for text in GROUPS[arm_type(target)][group]]


def _dns_configs(change: Change) -> list[dict[str, Json]]:
    """A name and an address of the subnet for each member; those of an endpoint that stands already stay."""
    stored = change.cloud.get(change.id)
    kept = {one(item, "fqdn"): item for item in every(stored.properties, "customDnsConfigs[*]")} if stored else {}
    subnet_id = str(one(change.new, "subnet.id", ""))
    subnet = change.cloud.get(subnet_id)
    if subnet is None:
        return []
    chosen, held = every(change.new, "ipConfigurations[*].privateIPAddress"), taken(change.cloud, subnet_id)
    configs = []
    for number, fqdn in enumerate(_names(change)):
        address = chosen[number] if number < len(chosen) else ""
        if fqdn in kept:
            configs.append(dict(kept[fqdn]))
            continue
        address = address or next_free(prefixes(subnet.properties)[0], held)
        held.add(address)
        configs.append({"fqdn": fqdn, "ipAddresses": [address]})
    return configs


def _outputs(change: Change) -> Mapping[str, Json]:
    card = change.new.get("customNetworkInterfaceName") or f"{change.name}.nic.{guid(change.id, 'nic')}"
    stored = change.cloud.get(change.id)
    cards = every(stored.properties, "networkInterfaces[*]") if stored else []
    outputs: dict[str, Json] = {
        "etag": etag(change),
        "provisioningState": "Succeeded",
        "customDnsConfigs": _dns_configs(change),
        "networkInterfaces": cards
        or [{"id": f"{group_of(change.id)}/providers/Microsoft.Network/networkInterfaces/{card}"}],
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
                "id": f"{change.id}/{path}/{connection.get('name')}",
                "etag": etag(change),
                "provisioningState": "Succeeded",
                "privateLinkServiceConnectionState": state,
            }
            for connection in every(change.new, f"{path}[*]")
        ]
    return outputs


# DNS zone groups -----------------------------------------------------------------------------------------------------


def _one_group_for_an_endpoint(change: Change) -> None:
    for sibling in change.cloud.children(above(change.id), ZONE_GROUP):
        if not same(sibling.id, change.id):
            text = f"Private endpoint {above(change.id)} already has the DNS zone group {sibling.name}; one is allowed."
            refuse("PrivateDnsZoneGroupLimitReached", text, target=sibling.id)


def _one_to_five_zones(change: Change) -> None:
    """At most five zones stand in a group (azure-facts 2.2, LIM)."""
    zones = every(change.new, "privateDnsZoneConfigs[*].privateDnsZoneId")
    if not 1 <= len(zones) <= 5:
        text = f"Private DNS zone group {change.name} takes 1 to 5 zones; found {len(zones)}."
        refuse("PrivateDnsZoneGroupInvalidZoneCount", text)
    names = [last(zone).lower() for zone in zones]
    if len(names) != len(set(names)):
        text = f"Private DNS zone group {change.name} holds two zones of one name."
        refuse("MultiplePrivateDnsZonesOfSameNameNotAllowed", text)


def _group_outputs(change: Change) -> Mapping[str, Json]:
    """The records that the group keeps in each zone."""
    endpoint = change.cloud.get(above(change.id))
    names = every(endpoint.properties, "customDnsConfigs[*]") if endpoint else []
    configs = []
    for config in every(change.new, "privateDnsZoneConfigs[*]"):
        zone = last(str(config.get("privateDnsZoneId", ""))).lower()
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
    return {"etag": etag(change), "provisioningState": "Succeeded", "privateDnsZoneConfigs": configs}


TYPES = (
    AzureType(
        token=ENDPOINT,
        name=word_dot(2, 64),
        references={"subnet.id": (SUBNET,)},
        fixed=(
            "subnet.id",
            "customNetworkInterfaceName",
            "privateLinkServiceConnections[*].name",
            "privateLinkServiceConnections[*].privateLinkServiceId",
            "privateLinkServiceConnections[*].groupIds",
            "manualPrivateLinkServiceConnections",
            "ipConfigurations",
        ),
        computed=_outputs,
        rules=(
            _one_connection,
            _group_belongs_to_the_target,
            _target_is_there,
            _manual_says_why,
            _subnet_takes_it,
            _static_addresses_name_every_member,
            _static_addresses_are_free,
            in_same_region("subnet.id"),
            at_most(
                64000, ENDPOINT, "PrivateEndpointCountLimitReached", "A subscription holds {limit} private endpoints."
            ),
        ),
    ),
    AzureType(
        token=ZONE_GROUP,
        name=word_dot(1, 80, "parent"),
        location="none",
        references={"privateDnsZoneConfigs[*].privateDnsZoneId": (ZONE,)},
        computed=_group_outputs,
        rules=(_one_group_for_an_endpoint, _one_to_five_zones),
    ),
)
