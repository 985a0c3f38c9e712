"""The guardrails of a stack: Azure Policy definitions, and their assignments to its resource groups.

No resource depends on an assignment: Azure takes up to half an hour to enforce a new one (Azure Policy, "Evaluation
triggers"), and none refuses a resource that the program declares. A definition must be in the same subscription as the
resource group it is assigned to, so each stack has its own definitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import authorization

from formats.stack_config import StackConfig
from formats.ways_in import ApprovedConnection, storage_ip_rules
from infra.components.blob_storage_account import PublicAccess
from infra.components.resource_group_scope import ResourceGroupScope
from infra.components.write_order import WriteOrder
from infra.guardrails import NO_PUBLIC_STORES, OWN_CONNECTIONS, no_public_stores, own_connections
from infra.names import GloballyUnique, Names, ResourceKind
from infra.policy_rules import PolicyGuardrail


@dataclass(frozen=True, kw_only=True)
class PolicyGuardrailsArgs:
    """The arguments of `PolicyGuardrails`."""

    config: StackConfig
    """The configuration of the stack."""
    guardrails: Sequence[PolicyGuardrail]
    """The guardrails to define, such as `HUB_GUARDRAILS` and `SPOKE_GUARDRAILS` of `infra.guardrails`."""
    public_stores: Mapping[str, Sequence[IPv4Network]] = field(default_factory=dict)
    """The stores with public network access, by their names in the program, each with the addresses that it admits."""
    connections: Mapping[str, ApprovedConnection] = field(default_factory=dict)
    """The stores with a private endpoint outside the estate, by their names in the program."""


class PolicyGuardrails(pulumi.ComponentResource):
    """The policy definitions of a stack's guardrails, to be assigned to each of its resource groups."""

    TYPE = "sde:infra:PolicyGuardrails"

    def __init__(self, name: str, args: PolicyGuardrailsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(self.TYPE, name, None, opts)
        names = Names.of(args.config, pulumi.get_stack())
        self._public_stores = args.public_stores
        account_name = partial(names.globally_unique, GloballyUnique.STORAGE)
        of_this_stack = {
            NO_PUBLIC_STORES.key: no_public_stores(
                {account_name(store): storage_ip_rules(ranges) for store, ranges in args.public_stores.items()}
            ),
            OWN_CONNECTIONS.key: own_connections(
                {f"{account_name(store)}/{one.connection}": one.endpoint for store, one in args.connections.items()}
            ),
        }
        guardrails = [of_this_stack.get(one.key, one) for one in args.guardrails]
        child_opts = pulumi.ResourceOptions(parent=self)
        self._definitions = [(one, define(one.key, one, names, child_opts)) for one in guardrails]
        self.register_outputs({})

    def public_access(self, store: str, reason: str) -> PublicAccess:
        """Return the public network access of one of the stores with it. `reason`: kept as a tag for auditors."""
        definition = next(one for guardrail, one in self._definitions if guardrail.key == NO_PUBLIC_STORES.key)
        return PublicAccess(ranges=self._public_stores[store], reason=reason, after=definition)

    def assign_to(
        self, scope: ResourceGroupScope, *, after: WriteOrder, chosen: Sequence[PolicyGuardrail] | None = None
    ) -> None:
        """Assign the chosen guardrails, or all, to a resource group, after the writes to its network so far.

        These take minutes, in which Azure copies the definitions to all of its instances. An assignment that comes
        earlier may fail (docs/azure-facts.md#late-definitions-and-roles), and azure-native does not repeat it.
        """
        for guardrail, definition in self._definitions:
            if chosen is not None and guardrail.key not in {one.key for one in chosen}:
                continue
            assign(
                f"{scope.name}-{guardrail.key}",
                guardrail,
                definition,
                scope,
                to=scope.group.id,
                opts=pulumi.ResourceOptions(parent=self, depends_on=after.last),
            )


def define(
    resource_name: str, guardrail: PolicyGuardrail, names: Names, opts: pulumi.ResourceOptions
) -> authorization.PolicyDefinition:
    """Return the definition of a guardrail."""
    return authorization.PolicyDefinition(
        resource_name,
        policy_definition_name=names.local(ResourceKind.POLICY, guardrail.key),
        policy_type=authorization.PolicyType.CUSTOM,
        mode=guardrail.mode,
        display_name=guardrail.title,
        description=guardrail.description,
        policy_rule=guardrail.policy_rule,
        opts=opts,
    )


def assign(
    resource_name: str, guardrail: PolicyGuardrail, definition: authorization.PolicyDefinition,
    scope: ResourceGroupScope, *, to: pulumi.Input[str], opts: pulumi.ResourceOptions,
) -> None:  # fmt: skip
    """Assign a guardrail to a resource group or subscription. `scope`: of the stack's names and location."""
    authorization.PolicyAssignment(
        resource_name,
        policy_assignment_name=scope.names.local(ResourceKind.POLICY, guardrail.key),
        scope=to,
        location=scope.location,
        policy_definition_id=definition.id,
        display_name=guardrail.title,
        description=guardrail.description,
        enforcement_mode=authorization.EnforcementMode.DEFAULT,
        # Azure requires an identity for the effect modify. It has no role, so it can change no resource itself.
        identity=(
            authorization.IdentityArgs(type=authorization.ResourceIdentityType.SYSTEM_ASSIGNED)
            if guardrail.values
            else None
        ),
        non_compliance_messages=[authorization.NonComplianceMessageArgs(message=guardrail.why)],
        opts=opts,
    )
