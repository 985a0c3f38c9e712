"""The types that a stack may declare outside its own resource groups, with the reason for each."""

from __future__ import annotations

from collections.abc import Mapping

GROUP = "resources:ResourceGroup"
PROVIDER = "pulumi:providers:azure-native"
FLOW_LOG = "network:FlowLog"
PEERING = "network:VirtualNetworkPeering"
NETWORK_WATCHERS = "networkwatcherrg"
"""Azure's own resource group of a subscription's network watchers, whose children flow logs are."""
ACROSS_STACKS: Mapping[str, str] = {
    PEERING: "a spoke declares the hub's side of its peering",
    "authorization:RoleAssignment": "a stack may read another stack's store; IA5 checks these roles",
    "monitor:SubscriptionDiagnosticSetting": "the platform keeps the activity log of each subscription",
    "authorization:PolicyDefinition": "the platform protects each subscription; GD4 checks these definitions",
    "authorization:PolicyAssignment": "the platform protects each subscription; GD2 checks these assignments",
}
"""Types that may be in another stack's subscription or resource group. SC2 checks that it is a stack of the estate."""
