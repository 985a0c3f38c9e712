"""A shared tenancy: the network in which several projects have subnets, without the subnets.

Each project declares its own in its own stack, so that a project joins and leaves without a change to this stack or to
another project's.
"""

from __future__ import annotations

import pulumi

from formats.stack_config import SharedTenancyConfig
from infra.components.policy_guardrails import PolicyGuardrails, PolicyGuardrailsArgs
from infra.components.resource_group_scope import ResourceGroupScope, ResourceGroupScopeArgs
from infra.components.spoke_network import SpokeNetwork, SpokeNetworkArgs
from infra.components.stack_outputs import PlatformOutputs, export_reads
from infra.guardrails import SPOKE_GUARDRAILS

PURPOSE, NETWORK = "tenancy", "net"


def shared_tenancy(config: SharedTenancyConfig) -> None:
    """Declare the network of a shared tenancy: peered with the hub, with a flow log, DNS policy and guardrails."""
    platform = PlatformOutputs(config.platform)
    scope_args = ResourceGroupScopeArgs(config=config, purpose=PURPOSE, log_workspace_id=platform.log_workspace_id)
    with ResourceGroupScope(PURPOSE, scope_args) as scope:
        guardrails = PolicyGuardrails("guards", PolicyGuardrailsArgs(config=config, guardrails=SPOKE_GUARDRAILS))
        network = SpokeNetwork(
            NETWORK, SpokeNetworkArgs(scope=scope, space=config.addresses, subnets=(), platform=platform)
        )
        guardrails.assign_to(scope, after=network.writes)
    outputs = {
        "group_id": scope.group.id,
        "group_name": scope.group_name,
        "network_id": network.network_id,
        "network_name": network.virtual_network.network.name,
    }
    for name, value in outputs.items():
        pulumi.export(name, value)
    export_reads(platform)
