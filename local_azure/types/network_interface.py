"""Microsoft.Network: network interfaces, network watchers and flow logs. Sources: azure-facts 2.2, 3, 4, 6.3."""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json
from local_azure.types.addresses import next_free, prefixes, static_address_allowed, taken
from local_azure.types.common import (
    above,
    etag,
    every,
    guid,
    identity_outputs,
    in_same_region,
    one,
    place,
    refuse,
    refuse_while_used,
    region_of,
    same,
    word_dot,
)
from local_azure.types.public_ip import PUBLIC_IP
from local_azure.types.subnet import NSG, SUBNET, VNET, open_to

CARD = "azure-native:network:NetworkInterface"
WATCHER = "azure-native:network:NetworkWatcher"
FLOW_LOG = "azure-native:network:FlowLog"
STORAGE = "azure-native:storage:StorageAccount"
WORKSPACE = "azure-native:operationalinsights:Workspace"


def _has_a_configuration_in_a_subnet(change: Change) -> None:
    configs = every(change.new, "ipConfigurations[*]")
    if not configs or any(not one(config, "subnet.id") for config in configs):
        text = f"Network interface {change.name} must have an IP configuration, each with a subnet."
        refuse("NetworkInterfaceMustHaveIpConfiguration", text)


def _configurations_stand_in_one_network(change: Change) -> None:
    networks = {above(str(id_)).lower() for id_ in every(change.new, "ipConfigurations[*].subnet.id")}
    if len(networks) > 1:
        refuse("SubnetsNotInSameVnet", f"Subnets of network interface {change.name} are not in one virtual network.")


def _subnet_takes_it(change: Change) -> None:
    for subnet_id in every(change.new, "ipConfigurations[*].subnet.id"):
        open_to("Microsoft.Network/networkInterfaces", str(subnet_id), change)


def _one_is_primary(change: Change) -> None:
    configs = every(change.new, "ipConfigurations[*]")
    if len(configs) > 1 and sum(config.get("primary") is True for config in configs) != 1:
        text = f"Network interface {change.name} has {len(configs)} IP configurations; exactly one must be primary."
        refuse("NetworkInterfacePrimaryIpConfigurationInvalid", text)


def _static_address_is_given_and_free(change: Change) -> None:
    for config in every(change.new, "ipConfigurations[*]"):
        subnet_id, address = str(one(config, "subnet.id", "")), config.get("privateIPAddress")
        static = config.get("privateIPAllocationMethod") == "Static"
        if static and not address:
            refuse(
                "PrivateIPAddressNotSpecified", f"IP configuration {config.get('name')} is Static and has no address."
            )
        subnet = change.cloud.get(subnet_id)
        if static and subnet:
            held = taken(change.cloud, subnet_id, besides=change.id)
            static_address_allowed(address, prefixes(subnet.properties), held)


def _public_address_is_free(change: Change) -> None:
    for address in every(change.new, "ipConfigurations[*].publicIPAddress.id"):
        user = next((user for user in change.cloud.users(str(address)) if not same(user.id, change.id)), None)
        if user is not None:
            text = f"Resource {change.id} is referencing public IP address {address} that is already allocated to "
            refuse("PublicIPAddressInUse", text + f"resource {user.id}.", target=address)


def _card_outputs(change: Change) -> Mapping[str, Json]:
    """A dynamic address is the subnet's next free one, and stays."""
    stored = change.cloud.get(change.id)
    before = {one(item, "name"): item for item in every(stored.properties, "ipConfigurations[*]")} if stored else {}
    configs: list[dict[str, Json]] = []
    for config in every(change.new, "ipConfigurations[*]"):
        subnet_id, old = str(one(config, "subnet.id", "")), before.get(config.get("name"), {})
        subnet = change.cloud.get(subnet_id)
        address = config.get("privateIPAddress") if config.get("privateIPAllocationMethod") == "Static" else None
        address = address or (old.get("privateIPAddress") if same(one(old, "subnet.id"), subnet_id) else None)
        if address is None and subnet is not None:
            held = taken(change.cloud, subnet_id, besides=change.id)
            address = next_free(
                prefixes(subnet.properties)[0], held | {one(item, "privateIPAddress") for item in configs}
            )
        configs.append(
            {
                "primary": True,
                "privateIPAddressVersion": "IPv4",
                "privateIPAllocationMethod": "Dynamic",
                **config,
                "privateIPAddress": address,
                "id": f"{change.id}/ipConfigurations/{config.get('name')}",
                "etag": etag(change),
                "provisioningState": "Succeeded",
            }
        )
    return {
        "etag": etag(change),
        "provisioningState": "Succeeded",
        "resourceGuid": guid(change.id, "resource"),
        "macAddress": "00-22-48-" + "-".join(guid(change.id, "mac")[n : n + 2].upper() for n in (0, 2, 4)),
        "ipConfigurations": configs,
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "vnetEncryptionSupported": False,
    }


# Watchers and flow logs ----------------------------------------------------------------------------------------------


def _one_watcher_in_a_region(change: Change) -> None:
    """azure-facts 4: one a subscription and region."""
    for watcher in change.cloud.of_type(WATCHER, change.subscription):
        if not same(watcher.id, change.id) and place(watcher.location) == place(change.location):
            text = f"Cannot create more than 1 network watchers for this subscription in this region: {watcher.id}."
            refuse("NetworkWatcherCountLimitReached", text)


def _watches_no_security_group(change: Change) -> None:
    """New NSG flow logs are refused since 30 June 2025 (azure-facts 2.2)."""
    if "/networksecuritygroups/" in str(change.new.get("targetResourceId", "")).lower():
        text = "Creating NSG flow logs is blocked since 30 June 2025; use virtual network flow logs."
        refuse("NsgFlowLogCreationBlocked", text)


def _one_log_for_a_target(change: Change) -> None:
    for log in change.cloud.children(above(change.id), FLOW_LOG):
        if not same(log.id, change.id) and same(
            log.properties.get("targetResourceId"), change.new.get("targetResourceId")
        ):
            text = f"Cannot create more than 1 flow log for target {change.new.get('targetResourceId')}: {log.id}."
            refuse("FlowLogTargetAlreadyHasFlowLog", text)


def _all_in_the_watchers_region(change: Change) -> None:
    """Watcher, target and storage account stand in one region (azure-facts 2.2)."""
    watcher = place(region_of(change.cloud, above(change.id)))
    for path in ("targetResourceId", "storageId"):
        where = place(region_of(change.cloud, str(change.new.get(path, ""))))
        if watcher and where and where != watcher:
            text = f"{path} {change.new.get(path)} is in {where}; the network watcher is in {watcher}."
            refuse("FlowLogResourceNotInSameRegion", text, target=path)


def _storage_is_plain_standard(change: Change) -> None:
    """Flow logs write blobs to a standard account only."""
    account = change.cloud.get(str(change.new.get("storageId", "")))
    if account and str(one(account.properties, "sku.name", "")).startswith("Premium"):
        refuse(
            "FlowLogStorageAccountNotSupported", f"Storage account {account.id} is Premium; flow logs need Standard."
        )


def _retention_in_range(change: Change) -> None:
    days = one(change.new, "retentionPolicy.days", 0)
    if not 0 <= days <= 365:
        refuse("FlowLogRetentionInvalid", f"retentionPolicy.days is {days:g}; it takes 0 to 365.")


def _analytics_interval_is_10_or_60(change: Change) -> None:
    interval = one(
        change.new, "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.trafficAnalyticsInterval"
    )
    if interval is not None and interval not in (10, 60):
        refuse("FlowLogTrafficAnalyticsIntervalInvalid", f"trafficAnalyticsInterval is {interval}; it takes 10 or 60.")


def _flow_log_outputs(change: Change) -> Mapping[str, Json]:
    target = str(change.new.get("targetResourceId", ""))
    return {
        "etag": etag(change),
        "provisioningState": "Succeeded",
        "targetResourceGuid": guid(target, "resource"),
        **identity_outputs(change),
    }


def _plain_outputs(change: Change) -> Mapping[str, Json]:
    return {"etag": etag(change), "provisioningState": "Succeeded"}


TYPES = (
    AzureType(
        token=CARD,
        name=word_dot(2, 64),
        references={
            "ipConfigurations[*].subnet.id": (SUBNET,),
            "ipConfigurations[*].publicIPAddress.id": (PUBLIC_IP,),
            "networkSecurityGroup.id": (NSG,),
        },
        defaults={"enableAcceleratedNetworking": False, "enableIPForwarding": False, "nicType": "Standard"},
        computed=_card_outputs,
        rules=(
            _has_a_configuration_in_a_subnet,
            _configurations_stand_in_one_network,
            _subnet_takes_it,
            _one_is_primary,
            _static_address_is_given_and_free,
            _public_address_is_free,
            in_same_region("ipConfigurations[*].subnet.id", "networkSecurityGroup.id"),
        ),
        delete_rules=(
            refuse_while_used(
                "NicInUse",
                "Network Interface {id} is used by existing resource {user}. In order to delete the network interface, "
                "it must be dissociated from the resource.",
            ),
        ),
    ),
    AzureType(
        token=WATCHER,
        name=word_dot(),
        computed=_plain_outputs,
        rules=(_one_watcher_in_a_region,),
    ),
    AzureType(
        token=FLOW_LOG,
        name=word_dot(1, 80, "parent"),
        references={
            "targetResourceId": (VNET, SUBNET, CARD),
            "storageId": (STORAGE,),
            "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.workspaceResourceId": (WORKSPACE,),
        },
        defaults={"enabled": False, "retentionPolicy.days": 0, "retentionPolicy.enabled": False},
        fixed=("targetResourceId",),
        computed=_flow_log_outputs,
        rules=(
            _watches_no_security_group,
            _one_log_for_a_target,
            _all_in_the_watchers_region,
            _storage_is_plain_standard,
            _retention_in_range,
            _analytics_interval_is_10_or_60,
        ),
    ),
)
