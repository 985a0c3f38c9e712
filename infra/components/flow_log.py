"""The flow log of a virtual network, for investigations."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from infra.components.base_component import BaseComponent, ComponentArgs
from infra.components.virtual_network import VirtualNetwork
from infra.names import ResourceKind

WATCHER_GROUP = "NetworkWatcherRG"
"""Azure creates this resource group, with one network watcher per region, when a subscription gets its first network,
and refuses a second watcher (learn.microsoft.com, "Enable or disable Azure Network Watcher")."""


@dataclass(frozen=True, kw_only=True)
class FlowLogArgs(ComponentArgs):
    """The arguments of `FlowLog`."""

    network: VirtualNetwork
    """The network whose flows are logged."""
    storage_account_id: pulumi.Input[str]
    """The id of the storage account that the log is written to."""
    identity_id: pulumi.Input[str]
    """The id of the managed identity that writes to it."""
    after: tuple[pulumi.Resource, ...] = ()
    """Resources that must be created first."""


class FlowLog(BaseComponent):
    """A log of the flows of a network's virtual machines, written with a managed identity instead of a key.

    Azure records nothing at a private endpoint, and no ICMP: requests to a store are in its blob logs, and what passes
    the firewall is in the firewall's log. The lifecycle rule of their storage account deletes the records.
    """

    TYPE = "sde:infra:FlowLog"

    def __init__(self, name: str, args: FlowLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        scope = args.scope
        flow_log = network.FlowLog(
            name,
            flow_log_name=scope.names.local(ResourceKind.FLOW_LOG, name),
            network_watcher_name=f"NetworkWatcher_{scope.location}",
            resource_group_name=WATCHER_GROUP,
            location=scope.location,
            target_resource_id=args.network.network.id,
            storage_id=args.storage_account_id,
            enabled=True,
            format=network.FlowLogFormatParametersArgs(type=network.FlowLogFormatType.JSON, version=2),
            # Retention would add a lifecycle rule for each flow log to the account, which takes 100 of them.
            retention_policy=network.RetentionPolicyParametersArgs(enabled=False, days=0),
            identity=network.ManagedServiceIdentityArgs(
                type=network.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[args.identity_id]
            ),
            tags=scope.tags,
            opts=self.child_opts(depends_on=[*args.network.writes.last, *args.after]),
        )
        args.network.writes.add(flow_log)
        self.register_outputs({})
