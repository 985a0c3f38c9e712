"""Activity log alerts are on, watch their own subscription, and notify action groups of the estate (MO1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.azure_semantics import ids
from policies.azure_semantics.properties import display, entries, lower_text
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals_if_set
from policies.rule_helpers.references import require_own

SCOPES, ACTIONS, CONDITION = "scopes", "actions.actionGroups", "condition.allOf"
CATEGORIES = ("administrative", "alert", "policy", "resourcehealth", "security", "servicehealth")
LEVELS = ("critical", "error", "informational", "warning")
STATUSES = ("accepted", "failed", "started", "succeeded")
LEAF = ("containsAny", "equals", "field")
"""The properties of a condition on one field."""
FIELDS: Mapping[str, tuple[str, ...]] = {
    "category": CATEGORIES,
    "level": LEVELS,
    "operationname": (),
    "properties.incidenttype": (),
    "resourceprovider": (),
    "resourcetype": (),
    "status": STATUSES,
}
"""The fields that a condition may name, with the permitted values; (): any."""


def check(alert: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check the scopes, the action groups and the condition."""
    yield from _scopes(alert)
    groups = entries(alert, ACTIONS)
    if not groups:
        yield Violation(ACTIONS, "has no entry, so nobody is notified")
    for group in groups:
        yield from require_own(alert, f"{group}.actionGroupId", context, "monitor:ActionGroup")
        if alert.at(f"{group}.webhookProperties") not in (MISSING, {}):
            yield Violation(f"{group}.webhookProperties", "is set; alerts call no webhook")
    yield from _condition(alert)


def _scopes(alert: Resource) -> Iterator[Violation]:
    subscription = ids.subscription(ids.own(alert))
    scopes = entries(alert, SCOPES)
    if not scopes:
        yield Violation(SCOPES, "has no entry, so nothing is watched")
    for scope in scopes:
        if ids.plain(alert.at(scope)) != subscription:
            yield Violation(scope, f"is {display(alert.at(scope))}; it must be the alert's own subscription")


def _condition(alert: Resource) -> Iterator[Violation]:
    """Require a category, and refuse fields with which an alert could be silent, such as `caller`."""
    conditions = entries(alert, CONDITION)
    if not any(lower_text(alert, f"{one}.field") == "category" for one in conditions):
        yield Violation(CONDITION, "names no category of the activity log")
    leaves = [leaf for one in conditions for leaf in entries(alert, f"{one}.anyOf") or [one]]
    for leaf in leaves:
        field, values = lower_text(alert, f"{leaf}.field"), _values(alert, leaf)
        allowed = FIELDS.get(field)
        if allowed is None:
            yield Violation(f"{leaf}.field", f"is {display(field)}; it must be one of {', '.join(FIELDS)}")
        elif not values or (allowed and not set(values) <= set(allowed)):
            yield Violation(leaf, f"has the values {', '.join(values) or 'none'} for {field}, which match no event")


def _values(alert: Resource, leaf: str) -> list[str]:
    """Return the values of a condition, in lower case."""
    several = [lower_text(alert, one) for one in entries(alert, f"{leaf}.containsAny")]
    return [value for value in (lower_text(alert, f"{leaf}.equals"), *several) if value]


POLICY = Policy(
    id="MO1",
    title="Activity log alerts are on, watch their own subscription, and notify action groups of the estate",
    why="A change of a guardrail, a role or a network that nobody notices stays. An alert that is off, or that sends "
    "elsewhere, notifies nobody (Azure Monitor, Activity log alerts).",
    resource_types=("monitor:ActivityLogAlert",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.12", "2.5.03"),
        ncsc=("5", "13"),
        caf=("C1.c",),
        cis=("6.1.2",),
        iso27001=("8.15", "8.16"),
        five_safes=("settings",),
    ),
    fix="Set enabled to true, scopes to the subscription's id, a condition with a category, and an action group of the "
    "estate without webhookProperties.",
    requires=(equals_if_set("enabled", True),),
    check=check,
    check_paths=(
        SCOPES,
        f"{ACTIONS}[*].actionGroupId",
        f"{ACTIONS}[*].webhookProperties",
        *(f"{CONDITION}[*].{part}" for part in LEAF),
        *(f"{CONDITION}[*].anyOf[*].{part}" for part in LEAF),
    ),
    evaluation_scope="estate",
)
