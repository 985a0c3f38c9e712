"""The supported resource types: one table, with a file for each service.

Shared by services: `common` (helpers), `addresses` (IP ranges), `encryption` (customer-managed keys), `roles` (built-in
roles) and `vm_sizes`. A declaration refuses a request in a named constraint and cites docs/azure-facts.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.model import AzureType
from local_azure.types import (
    authorization,
    bastion,
    blob_containers,
    compute_disk,
    compute_extension,
    compute_vm,
    consumption,
    containerregistry,
    dataprotection,
    devtestlab,
    diagnostics,
    dnsresolver,
    eventgrid,
    firewall,
    gateway,
    keyvault,
    managedidentity,
    monitor,
    network_interface,
    network_security,
    operationalinsights,
    policy,
    private_endpoint,
    privatedns,
    public_ip,
    resources,
    security,
    storage_account,
    storage_services,
    virtual_network,
)

_SERVICES: tuple[tuple[AzureType, ...], ...] = (
    resources.TYPES,
    authorization.TYPES,
    policy.TYPES,
    managedidentity.TYPES,
    virtual_network.TYPES,
    network_security.TYPES,
    network_interface.TYPES,
    public_ip.TYPES,
    firewall.TYPES,
    bastion.TYPES,
    gateway.TYPES,
    private_endpoint.TYPES,
    privatedns.TYPES,
    dnsresolver.TYPES,
    operationalinsights.TYPES,
    monitor.TYPES,
    diagnostics.TYPES,
    keyvault.TYPES,
    storage_account.TYPES,
    storage_services.TYPES,
    blob_containers.TYPES,
    security.TYPES,
    compute_disk.TYPES,
    compute_extension.TYPES,
    compute_vm.TYPES,
    eventgrid.TYPES,
    dataprotection.TYPES,
    consumption.TYPES,
    containerregistry.TYPES,
    devtestlab.TYPES,
)

TYPES: Mapping[str, AzureType] = {type_.token: type_ for service in _SERVICES for type_ in service}
"""The supported types by azure-native's token. Every other type is refused."""
