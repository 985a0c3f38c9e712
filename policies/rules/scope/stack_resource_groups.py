"""Resources are in the subscription and the resource groups of their stack (SC1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.network import SUBNET, SubnetDeclaration
from policies.azure_semantics.resource_types import is_azure_type
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation
from policies.rule_helpers.scopes import ACROSS_STACKS, FLOW_LOG, GROUP, NETWORK_WATCHERS
from policies.rule_helpers.shared_networks import shared_network_part


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare the id with the stack's subscription and resource groups."""
    id_ = ids.own(resource)
    subscription, group = ids.subscription(id_), ids.resource_group(id_)
    wanted = _subscription(resource, context)
    if subscription != f"/subscriptions/{wanted}":
        if resource.type not in ACROSS_STACKS:
            found = subscription.rpartition("/")[2] or "none"
            yield Violation("", f"is in subscription {found}; the stack's is {wanted}")
    elif group and group not in _own_groups(resource, context) and not _may_be_in(group, resource, context):
        yield Violation("", f"is in {group.rpartition('/')[2]}, which is no resource group of this stack")


def _subscription(resource: Resource, context: PolicyContext) -> str:
    """Return the subscription that the estate gives the stack, or else that of the stack's own configuration."""
    config = context.configs.get(resource.stack)
    found = str(config.subscription) if config else resource.subscription
    if not found:
        raise Unknown("id", "the stack's subscription is not known, so this cannot be checked")
    return found.lower()


def _own_groups(resource: Resource, context: PolicyContext) -> frozenset[str]:
    key = ("resource groups", resource.stack)
    return context.once(key, lambda: frozenset(ids.own(found) for found in context.same_stack(resource, GROUP)))


def _may_be_in(group: str, resource: Resource, context: PolicyContext) -> bool:
    watchers = resource.type == FLOW_LOG and group.rpartition("/")[2] == NETWORK_WATCHERS
    is_subnet = resource.type == SUBNET
    in_shared_network = is_subnet and shared_network_part(SubnetDeclaration(resource), context) is not None
    return watchers or in_shared_network or resource.type in ACROSS_STACKS


POLICY = Policy(
    id="SC1",
    title="Resources are in the subscription and the resource groups of their stack",
    why="In another subscription or group, a resource has none of the guardrails, tags, logs and owners of its stack.",
    resource_types=("*",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09", "2.2.10"),
        ncsc=("3", "5"),
        caf=("A3.a", "B4.b"),
        iso27001=("5.9", "8.9"),
        five_safes=("settings",),
    ),
    fix="Declare the resource in the stack that owns the resource group, with the stack's default provider.",
    check=check,
    check_paths=(f"{GROUP}:resourceGroupName",),
    applies=lambda resource, _: is_azure_type(resource.type) and resource.from_program,
    evaluation_scope="stack",
)
