"""Resources and providers outside their stack are in a resource group or subscription of the estate (SC2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.azure_semantics import ids
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.scopes import ACROSS_STACKS, GROUP, PROVIDER


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Look for a stack with the resource group; without one, for a stack with the subscription."""
    id_ = _scope_of_provider(resource) if resource.type == PROVIDER else ids.own(resource)
    group, subscription = ids.resource_group(id_), ids.subscription(id_)
    groups = context.once(("resource groups",), lambda: frozenset(map(ids.own, context.of(GROUP))))
    if group and group not in groups:
        yield Violation("", f"is in {group.rpartition('/')[2]}, which is no resource group of the estate's stacks")
    elif not group and not _is_of_the_estate(subscription, groups, context):
        found = subscription.rpartition("/")[2] or "none"
        yield Violation("", f"is in subscription {found}, which is of no stack of the estate")


def _is_of_the_estate(subscription: str, groups: Iterable[str], context: PolicyContext) -> bool:
    """True for the subscription of a stack, and for one that the estate's files name for a stack to come."""
    name = subscription.rpartition("/")[2]
    return name in context.subscriptions or subscription in {ids.subscription(known) for known in groups}


def _scope_of_provider(provider: Resource) -> str:
    return f"/subscriptions/{str(provider.at('subscriptionId')).lower()}"


POLICY = Policy(
    id="SC2",
    title="Resources and providers outside their stack are in a resource group or subscription of the estate",
    why="A peering or a role in an unknown subscription connects the environment with a network that nobody checks.",
    resource_types=(*ACROSS_STACKS, PROVIDER),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09", "2.2.10"),
        ncsc=("3", "5"),
        caf=("B4.a", "B4.b"),
        iso27001=("5.9", "8.9"),
        five_safes=("settings",),
    ),
    fix="Refer to a resource of a stack of the estate.",
    check=check,
    check_paths=(
        "subscriptionId",
        f"{GROUP}:resourceGroupName",
    ),
    evaluation_scope="estate",
)
