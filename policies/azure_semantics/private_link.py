"""Private Link: the services that have private endpoints, and their private DNS zones.

Source: learn.microsoft.com, "Azure Private Endpoint private DNS zone values".
"""

from __future__ import annotations

from policies.azure_semantics.properties import entries, lower_text
from policies.model import Resource

ENDPOINT, ZONE_GROUP = "network:PrivateEndpoint", "network:PrivateDnsZoneGroup"
ZONE, LINK, RECORDS = "privatedns:PrivateZone", "privatedns:VirtualNetworkLink", "privatedns:PrivateRecordSet"
CONNECTION_TYPES = tuple(
    f"{service}:PrivateEndpointConnection" for service in ("storage", "keyvault", "containerregistry")
)
"""The connections of private endpoints, at stores, vaults and registries."""
NAMES_IN_FILES = frozenset({"registry"})
"""The group ids of services that only desks use, which have their names in a file and send no DNS query (VM24)."""
MONITOR = "azuremonitor"
"""The group id of private link scopes. Its members are known after the deployment only, so no address can be chosen for
them."""
CONNECTIONS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")

SERVICES = (
    "apimanagement:ApiManagementService",
    "appconfiguration:ConfigurationStore",
    "automation:AutomationAccount",
    "batch:BatchAccount",
    "cognitiveservices:Account",
    "containerregistry:Registry",
    "cosmosdb:DatabaseAccount",
    "databricks:Workspace",
    "datafactory:Factory",
    "dbformysql:Server",
    "dbforpostgresql:Server",
    "desktopvirtualization:HostPool",
    "desktopvirtualization:Workspace",
    "eventgrid:Domain",
    "eventgrid:Topic",
    "eventhub:Namespace",
    "hdinsight:Cluster",
    "healthcareapis:Workspace",
    "keyvault:ManagedHsm",
    "keyvault:Vault",
    "kusto:Cluster",
    "machinelearningservices:Workspace",
    "monitor:PrivateLinkScope",
    "purview:Account",
    "recoveryservices:Vault",
    "redis:Redis",
    "search:Service",
    "servicebus:Namespace",
    "signalrservice:SignalR",
    "sql:ManagedInstance",
    "sql:Server",
    "storage:StorageAccount",
    "storagesync:StorageSyncService",
    "synapse:Workspace",
    "web:WebApp",
)
"""The types that hold data, keys or logs, and support private endpoints."""
VNET_INJECTED = {
    "dbforpostgresql:Server": "network.delegatedSubnetResourceId",
    "dbformysql:Server": "network.delegatedSubnetResourceId",
    "sql:ManagedInstance": "subnetId",
}
"""The types that can be deployed into a delegated subnet instead (VNet injection), with the property that names it."""

GROUP_ZONES = {
    "account": ("privatelink.cognitiveservices.azure.com", "privatelink.openai.azure.com",
                "privatelink.services.ai.azure.com", "privatelink.purview.azure.com"),
    "amlworkspace": ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"),
    "azuremonitor": ("privatelink.monitor.azure.com", "privatelink.oms.opinsights.azure.com",
                     "privatelink.ods.opinsights.azure.com", "privatelink.agentsvc.azure-automation.net",
                     "privatelink.blob.core.windows.net"),
    "blob": ("privatelink.blob.core.windows.net",),
    "databricks_ui_api": ("privatelink.azuredatabricks.net",),
    "browser_authentication": ("privatelink.azuredatabricks.net",),
    "datafactory": ("privatelink.datafactory.azure.net",),
    "dev": ("privatelink.dev.azuresynapse.net",),
    "dfs": ("privatelink.dfs.core.windows.net",),
    "file": ("privatelink.file.core.windows.net",),
    "managedhsm": ("privatelink.managedhsm.azure.net",),
    "mysqlserver": ("privatelink.mysql.database.azure.com",),
    "namespace": ("privatelink.servicebus.windows.net",),
    "portal": ("privatelink.adf.azure.com",),
    "postgresqlserver": ("privatelink.postgres.database.azure.com",),
    "queue": ("privatelink.queue.core.windows.net",),
    "registry": ("privatelink.azurecr.io",),
    "searchservice": ("privatelink.search.windows.net",),
    "sites": ("privatelink.azurewebsites.net",),
    "sql": ("privatelink.documents.azure.com", "privatelink.sql.azuresynapse.net"),
    "sqlondemand": ("privatelink.sql.azuresynapse.net",),
    "sqlserver": ("privatelink.database.windows.net",),
    "table": ("privatelink.table.core.windows.net",),
    "topic": ("privatelink.eventgrid.azure.net",),
    "domain": ("privatelink.eventgrid.azure.net",),
    "vault": ("privatelink.vaultcore.azure.net",),
    "web": ("privatelink.web.core.windows.net",),
}  # fmt: skip
"""The DNS zones for each group id of an endpoint, in lower case. Group ids that are absent are unknown."""


def takes_fixed_addresses(endpoint: Resource) -> bool:
    """Return True for all endpoints except those of Azure Monitor."""
    paths = group_id_paths(endpoint)
    return not paths or any(lower_text(endpoint, path) != MONITOR for path in paths)


def group_id_paths(endpoint: Resource) -> list[str]:
    """Return the paths of the group ids of all connections of an endpoint."""
    connections = [entry for list_ in CONNECTIONS for entry in entries(endpoint, list_)]
    return [path for entry in connections for path in entries(endpoint, f"{entry}.groupIds")]
