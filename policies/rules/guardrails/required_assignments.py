"""Every resource group and subscription has the required guardrails (GD1)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import PlatformConfig
from policies.azure_semantics import ids
from policies.azure_semantics.guardrails import ASSIGNMENT, assignment_in_force
from policies.azure_semantics.ids import own, within
from policies.expected.guardrails import (
    BASTION_TRANSFERS_NOTHING,
    COMMON_GUARDRAILS,
    GUARDRAILS,
    NO_DNAT,
    NO_PUBLIC_ADDRESSES,
    SIGN_IN_ONLY,
)
from policies.expected.policy_rules import Guardrail
from policies.expected.subscription_guardrails import subscription_guardrails
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

FIREWALLS, BASTION = ("network:FirewallPolicy", "network:AzureFirewall"), "network:BastionHost"


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require each guardrail for the group's resources, enforced, without exclusions."""
    scope = own(group)
    for guardrail in _required(group, context):
        if assignment_in_force(context, scope, guardrail.key) is None:
            yield Violation("", f"has no enforced guardrail {guardrail.key} on all of it: {guardrail.title.lower()}")
    if not _holds(group, context, *FIREWALLS):
        return
    # The stack with the firewall protects every subscription of its cell.
    for subscription in _subscriptions(group, context):
        for guardrail in subscription_guardrails(""):
            if assignment_in_force(context, subscription, guardrail.key) is None:
                yield Violation("", f"{subscription} has no enforced guardrail {guardrail.key}: "
                                    f"{guardrail.title.lower()}")  # fmt: skip


def _subscriptions(group: Resource, context: PolicyContext) -> tuple[str, ...]:
    """Return the ids of the subscriptions that a hub's stack protects: its cell's, or its own if they are not known."""
    config = context.configs.get(group.stack)
    if isinstance(config, PlatformConfig):
        return tuple(f"/subscriptions/{one}" for one in config.subscriptions)
    return (ids.subscription(own(group)),)


def _required(group: Resource, context: PolicyContext) -> Iterator[Guardrail]:
    """Yield the guardrails for a group. Only the hub, with the firewall and Bastion, may have public addresses."""
    yield from COMMON_GUARDRAILS
    firewall, bastion = _holds(group, context, *FIREWALLS), _holds(group, context, BASTION)
    if firewall:
        yield from (NO_DNAT, SIGN_IN_ONLY)
    if bastion:
        yield BASTION_TRANSFERS_NOTHING
    if not firewall and not bastion:
        yield NO_PUBLIC_ADDRESSES


def _holds(group: Resource, context: PolicyContext, *types: str) -> bool:
    return any(r.id is None or within(r.id, own(group)) for r in context.same_stack(group, *types))


POLICY = Policy(
    id="GD1",
    title="Every resource group and subscription has the required guardrails",
    why="One wrong setting, by the program or by hand, is enough to open an exit without a second control.",
    resource_types=("resources:ResourceGroup",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11", "2.4.04"),
        ncsc=("2", "3", "5"),
        caf=("B4.b",),
        iso27001=("8.9", "8.22"),
        five_safes=("settings",),
    ),
    fix=f"Assign the guardrails of infra/guardrails.py to the group ({', '.join(GUARDRAILS)}), with "
    "infra.components.policy_guardrails, and those of infra/subscription_guardrails.py to the cell's subscriptions.",
    check=check,
    check_paths=(
        *tuple(f"{ASSIGNMENT}:{path}" for path in ("scope", "policyDefinitionId")),
        "authorization:PolicyAssignment:definitionVersion",
        "authorization:PolicyAssignment:enforcementMode",
        "authorization:PolicyAssignment:identity",
        "authorization:PolicyAssignment:notScopes",
        "authorization:PolicyAssignment:overrides",
        "authorization:PolicyAssignment:parameters",
        "authorization:PolicyAssignment:resourceSelectors",
        "authorization:PolicyDefinition:mode",
        "authorization:PolicyDefinition:parameters",
        "authorization:PolicyDefinition:policyRule",
        "authorization:PolicyDefinition:policyType",
    ),
    evaluation_scope="stack",
)
