"""GD1: in each resource group Azure itself refuses what must not be: a second control beside each setting."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.guardrails import ASSIGNMENT, assignment_in_force
from policies.azure_semantics.ids import own
from policies.expected.guardrails import (
    BASTION_CARRIES_NOTHING,
    COMMON_GUARDRAILS,
    GUARDRAILS,
    NO_PUBLIC_ADDRESSES,
    NO_TRANSLATION,
    Guardrail,
)
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation, within

FIREWALLS, BASTION = ("network:FirewallPolicy", "network:AzureFirewall"), "network:BastionHost"


def check(group: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Each guard that what stands in the group calls for, enforced, with nothing left out of it."""
    scope = own(group)
    for guard in _called_for(group, context):
        if assignment_in_force(context, scope, guard.key) is None:
            yield Violation("", f"has no guard {guard.key} that is enforced on all of it: {guard.title.lower()}")


def _called_for(group: Resource, context: PolicyContext) -> Iterator[Guardrail]:
    """Only the hub, where the firewall and Bastion stand, may have public addresses."""
    yield from COMMON_GUARDRAILS
    firewall, bastion = _holds(group, context, *FIREWALLS), _holds(group, context, BASTION)
    if firewall:
        yield NO_TRANSLATION
    if bastion:
        yield BASTION_CARRIES_NOTHING
    if not firewall and not bastion:
        yield NO_PUBLIC_ADDRESSES


def _holds(group: Resource, context: PolicyContext, *types: str) -> bool:
    return any(r.id is None or within(r.id, own(group)) for r in context.same_stack(group, *types))


POLICY = Policy(
    id="GD1",
    title="In each resource group, Azure itself refuses what must not be",
    why="One wrong setting, by us or by hand, is enough to open a way out where nothing else stands beside it.",
    on=("resources:ResourceGroup",),
    reads=tuple(f"{ASSIGNMENT}:{path}" for path in ("scope", "policyDefinitionId")),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.09", "2.2.11", "2.4.04"), ncsc=("2", "3", "5"), iso27001=("8.9", "8.22"),
                      five_safes=("settings",)),
    fix=f"Assign the guards of infra/guardrails.py to the group ({', '.join(GUARDRAILS)}): "
    "infra.components.policy_guardrails does.",
    check=check,
    scope="stack",
)  # fmt: skip
