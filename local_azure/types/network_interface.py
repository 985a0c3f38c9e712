"""Microsoft.Network: network interfaces, network watchers and flow logs.

Facts: docs/azure-facts.md#names-of-network-resources, #network-interfaces, #private-addresses, #network-watchers,
#flow-logs, #retention-of-flow-logs.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.locations import normal_location
from local_azure.model import AzureType, Json, Request
from local_azure.types.addresses import lowest_free_address, require_free_address, subnet_ranges, used_addresses
from local_azure.types.common import (
    etag,
    guid,
    identity_outputs,
    in_same_region,
    network_name,
    parent_id,
    refuse,
    refuse_while_used,
    region_of,
    same,
    value_at,
    values_at,
)
from local_azure.types.public_ip import PUBLIC_IP
from local_azure.types.storage_services import LIFECYCLE_POLICY, MAX_LIFECYCLE_RULES
from local_azure.types.subnet import NSG, SUBNET, VNET, refuse_if_delegated

NIC = "azure-native:network:NetworkInterface"
WATCHER = "azure-native:network:NetworkWatcher"
FLOW_LOG = "azure-native:network:FlowLog"
STORAGE = "azure-native:storage:StorageAccount"
WORKSPACE = "azure-native:operationalinsights:Workspace"


def _has_ip_configuration(request: Request) -> None:
    configs = values_at(request.new, "ipConfigurations[*]")
    if not configs or any(not value_at(config, "subnet.id") for config in configs):
        text = f"Network interface {request.name} must have an IP configuration, each with a subnet."
        refuse("NetworkInterfaceMustHaveIpConfiguration", text)


def _configurations_are_in_one_network(request: Request) -> None:
    networks = {parent_id(str(id_)).lower() for id_ in values_at(request.new, "ipConfigurations[*].subnet.id")}
    if len(networks) > 1:
        refuse("SubnetsNotInSameVnet", f"Subnets of network interface {request.name} are not in one virtual network.")


def _subnet_accepts_nic(request: Request) -> None:
    for subnet_id in values_at(request.new, "ipConfigurations[*].subnet.id"):
        refuse_if_delegated("Microsoft.Network/networkInterfaces", str(subnet_id), request)


def _one_configuration_is_primary(request: Request) -> None:
    configs = values_at(request.new, "ipConfigurations[*]")
    if len(configs) > 1 and sum(config.get("primary") is True for config in configs) != 1:
        text = f"Network interface {request.name} has {len(configs)} IP configurations; exactly one must be primary."
        refuse("NetworkInterfacePrimaryIpConfigurationInvalid", text)


def _static_addresses_are_free(request: Request) -> None:
    for config in values_at(request.new, "ipConfigurations[*]"):
        subnet_id, address = str(value_at(config, "subnet.id", "")), config.get("privateIPAddress")
        static = config.get("privateIPAllocationMethod") == "Static"
        if static and not address:
            refuse(
                "PrivateIPAddressNotSpecified", f"IP configuration {config.get('name')} is Static and has no address."
            )
        subnet = request.cloud.get(subnet_id)
        if static and subnet:
            used = used_addresses(request.cloud, subnet_id, excluding=request.id)
            require_free_address(address, subnet_ranges(subnet.properties), used)


def _public_ip_is_free(request: Request) -> None:
    for address in values_at(request.new, "ipConfigurations[*].publicIPAddress.id"):
        user = next((user for user in request.cloud.referencing(str(address)) if not same(user.id, request.id)), None)
        if user is not None:
            text = f"Resource {request.id} is referencing public IP address {address} that is already allocated to "
            refuse("PublicIPAddressInUse", text + f"resource {user.id}.", target=address)


def _nic_outputs(request: Request) -> Mapping[str, Json]:
    """Return the outputs. A dynamic address is the subnet's lowest free one, and stays."""
    stored = request.cloud.get(request.id)
    before = (
        {value_at(item, "name"): item for item in values_at(stored.properties, "ipConfigurations[*]")} if stored else {}
    )
    configs: list[dict[str, Json]] = []
    for config in values_at(request.new, "ipConfigurations[*]"):
        subnet_id, old = str(value_at(config, "subnet.id", "")), before.get(config.get("name"), {})
        subnet = request.cloud.get(subnet_id)
        address = config.get("privateIPAddress") if config.get("privateIPAllocationMethod") == "Static" else None
        address = address or (old.get("privateIPAddress") if same(value_at(old, "subnet.id"), subnet_id) else None)
        if address is None and subnet is not None:
            used = used_addresses(request.cloud, subnet_id, excluding=request.id)
            address = lowest_free_address(
                subnet_ranges(subnet.properties)[0], used | {value_at(item, "privateIPAddress") for item in configs}
            )
        configs.append(
            {
                "primary": True,
                "privateIPAddressVersion": "IPv4",
                "privateIPAllocationMethod": "Dynamic",
                **config,
                "privateIPAddress": address,
                "id": f"{request.id}/ipConfigurations/{config.get('name')}",
                "etag": etag(request),
                "provisioningState": "Succeeded",
            }
        )
    return {
        "etag": etag(request),
        "provisioningState": "Succeeded",
        "resourceGuid": guid(request.id, "resource"),
        "macAddress": "00-22-48-" + "-".join(guid(request.id, "mac")[n : n + 2].upper() for n in (0, 2, 4)),
        "ipConfigurations": configs,
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "vnetEncryptionSupported": False,
    }


# Watchers and flow logs ----------------------------------------------------------------------------------------------


def _one_watcher_per_region(request: Request) -> None:
    for watcher in request.cloud.of_type(WATCHER, request.subscription):
        if not same(watcher.id, request.id) and normal_location(watcher.location) == normal_location(request.location):
            text = f"Cannot create more than 1 network watchers for this subscription in this region: {watcher.id}."
            refuse("NetworkWatcherCountLimitReached", text)


def _target_is_not_nsg(request: Request) -> None:
    """Azure refuses new NSG flow logs since 30 June 2025."""
    if "/networksecuritygroups/" in str(request.new.get("targetResourceId", "")).lower():
        text = "Creating NSG flow logs is blocked since 30 June 2025; use virtual network flow logs."
        refuse("NsgFlowLogCreationBlocked", text)


def _one_flow_log_per_target(request: Request) -> None:
    for log in request.cloud.children(parent_id(request.id), FLOW_LOG):
        if not same(log.id, request.id) and same(
            log.properties.get("targetResourceId"), request.new.get("targetResourceId")
        ):
            text = f"Cannot create more than 1 flow log for target {request.new.get('targetResourceId')}: {log.id}."
            refuse("FlowLogTargetAlreadyHasFlowLog", text)


def _is_in_watcher_region(request: Request) -> None:
    """Watcher, target and storage account are in one region."""
    watcher = normal_location(region_of(request.cloud, parent_id(request.id)))
    for path in ("targetResourceId", "storageId"):
        where = normal_location(region_of(request.cloud, str(request.new.get(path, ""))))
        if watcher and where and where != watcher:
            text = f"{path} {request.new.get(path)} is in {where}; the network watcher is in {watcher}."
            refuse("FlowLogResourceNotInSameRegion", text, target=path)


def _storage_is_standard(request: Request) -> None:
    account = request.cloud.get(str(request.new.get("storageId", "")))
    if account and str(value_at(account.properties, "sku.name", "")).startswith("Premium"):
        refuse(
            "FlowLogStorageAccountNotSupported", f"Storage account {account.id} is Premium; flow logs need Standard."
        )


def _retention_in_range(request: Request) -> None:
    days = value_at(request.new, "retentionPolicy.days", 0)
    if not 0 <= days <= 365:
        refuse("FlowLogRetentionInvalid", f"retentionPolicy.days is {days:g}; it takes 0 to 365.")


def _has_retention(properties: Mapping[str, Json]) -> bool:
    policy = value_at(properties, "retentionPolicy", {})
    return policy.get("enabled") is True and bool(policy.get("days"))


def _retention_rule_fits(request: Request) -> None:
    """A flow log with retention adds a lifecycle rule to its account (docs/azure-facts.md#retention-of-flow-logs)."""
    if not _has_retention(request.new):
        return
    account = str(request.new.get("storageId", ""))
    rules = [rule for policy in request.cloud.children(account, LIFECYCLE_POLICY)
             for rule in values_at(policy.properties, "policy.rules[*]")]  # fmt: skip
    others = [log for log in request.cloud.referencing(account)
              if log.token == FLOW_LOG and not same(log.id, request.id) and _has_retention(log.properties)]  # fmt: skip
    if len(rules) + len(others) >= MAX_LIFECYCLE_RULES:
        text = f"{account} has {MAX_LIFECYCLE_RULES} lifecycle rules; the retention of this flow log needs another."
        refuse("FlowLogRetentionInvalid", text, target=account)


def _analytics_interval_is_10_or_60(request: Request) -> None:
    interval = value_at(
        request.new, "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.trafficAnalyticsInterval"
    )
    if interval is not None and interval not in (10, 60):
        refuse("FlowLogTrafficAnalyticsIntervalInvalid", f"trafficAnalyticsInterval is {interval}; it takes 10 or 60.")


def _flow_log_outputs(request: Request) -> Mapping[str, Json]:
    target = str(request.new.get("targetResourceId", ""))
    return {
        "etag": etag(request),
        "provisioningState": "Succeeded",
        "targetResourceGuid": guid(target, "resource"),
        **identity_outputs(request),
    }


def _plain_outputs(request: Request) -> Mapping[str, Json]:
    return {"etag": etag(request), "provisioningState": "Succeeded"}


TYPES = (
    AzureType(
        token=NIC,
        name=network_name(2, 64),
        references={
            "ipConfigurations[*].subnet.id": (SUBNET,),
            "ipConfigurations[*].publicIPAddress.id": (PUBLIC_IP,),
            "networkSecurityGroup.id": (NSG,),
        },
        defaults={"enableAcceleratedNetworking": False, "enableIPForwarding": False, "nicType": "Standard"},
        computed=_nic_outputs,
        constraints=(
            _has_ip_configuration,
            _configurations_are_in_one_network,
            _subnet_accepts_nic,
            _one_configuration_is_primary,
            _static_addresses_are_free,
            _public_ip_is_free,
            in_same_region("ipConfigurations[*].subnet.id", "networkSecurityGroup.id"),
        ),
        delete_constraints=(
            refuse_while_used(
                "NicInUse",
                "Network Interface {id} is used by existing resource {user}. In order to delete the network interface, "
                "it must be dissociated from the resource.",
            ),
        ),
    ),
    AzureType(
        token=WATCHER,
        name=network_name(),
        computed=_plain_outputs,
        constraints=(_one_watcher_per_region,),
    ),
    AzureType(
        token=FLOW_LOG,
        name=network_name(),
        references={
            "targetResourceId": (VNET, SUBNET, NIC),
            "storageId": (STORAGE,),
            "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration.workspaceResourceId": (WORKSPACE,),
        },
        defaults={"enabled": False, "retentionPolicy.days": 0, "retentionPolicy.enabled": False},
        immutable={"targetResourceId": "BadRequest"},
        computed=_flow_log_outputs,
        constraints=(
            _target_is_not_nsg,
            _one_flow_log_per_target,
            _is_in_watcher_region,
            _storage_is_standard,
            _retention_in_range,
            _retention_rule_fits,
            _analytics_interval_is_10_or_60,
        ),
    ),
)
