"""Every network has a flow log (NW8)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics import ids
from policies.azure_semantics.network import NETWORK
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.lifecycle_rules import ACTIONS, AGES, KINDS, days_until_deletion
from policies.rule_helpers.storage_accounts import FLOW_LOG_CONTAINER

FLOW_LOG, LIFECYCLE = "network:FlowLog", "storage:ManagementPolicy"
PATHS = ("targetResourceId", "enabled", "retentionPolicy.enabled", "retentionPolicy.days")
PREFIXES = "definition.filters.prefixMatch"
MIN_DAYS = {DataClass.SYNTHETIC: 90, DataClass.DE_IDENTIFIED: 180, DataClass.IDENTIFIABLE: 365}
"""Minimum days. CIS requires 90; intrusions are often found after months."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a flow log for each network, and the time and the store of its records."""
    if resource.type == NETWORK:
        logs = context.referencing(FLOW_LOG, "targetResourceId", resource)
        of_whole_network = [log for log in logs if ids.plain(log.at("targetResourceId")) == ids.own(resource)]
        if not any(log.at("enabled") is True for log in of_whole_network):
            yield Violation("", "has no enabled flow log")
        return
    yield from _check_retention(resource, context)
    yield from _check_store(resource, context)
    if resource.at("enabledFilteringCriteria") is not MISSING:
        yield Violation("enabledFilteringCriteria", "excludes flows; all must be recorded")


def _check_retention(log: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the least days of the data class in the log's own retention, if it has one, and in its store's lifecycle.
    Without either Azure keeps the records."""
    min_days = MIN_DAYS[context.data_class(log)]
    if log.at("retentionPolicy.enabled") not in (MISSING, False):
        days = log.at("retentionPolicy.days")
        if not isinstance(days, int | float) or 0 < days < min_days:
            yield Violation("retentionPolicy.days", f"is {days}; for this data class it must be at least {min_days}")
    store = context.get(log.at("storageId"))
    for policy in context.children(LIFECYCLE, store) if store else ():
        for index in range(len(policy.each("policy.rules[*]"))):
            rule = f"policy.rules[{index}]"
            least = days_until_deletion(policy, rule)
            if least is not None and least < min_days and _concerns_flow_logs(policy, rule):
                text = f"names a store that deletes after {least:g} days; records are kept for at least {min_days}"
                yield Violation("storageId", text)


def _concerns_flow_logs(policy: Resource, rule: str) -> bool:
    prefixes = policy.at(f"{rule}.{PREFIXES}")
    if not isinstance(prefixes, list) or not prefixes:
        return True
    return any(not isinstance(prefix, str) or prefix.startswith(FLOW_LOG_CONTAINER)
               or FLOW_LOG_CONTAINER.startswith(prefix) for prefix in prefixes)  # fmt: skip


def _check_store(log: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a store of the estate, the same for all flow logs of a stack."""
    store = context.get(log.at("storageId"))
    stores = {
        str(other.at("storageId")).lower() for other in context.same_stack(log, FLOW_LOG) if other.knows("storageId")
    }
    if store is None and context.is_complete:
        yield Violation("storageId", "names a store outside the estate")
    elif store is None and len(stores) > 1:
        yield Violation("storageId", "the stack's flow logs go to several stores; there must be one")


POLICY = Policy(
    id="NW8",
    title="Every network has a flow log",
    why="After an incident, the connections of each machine must be known; they cannot be recorded afterwards.",
    resource_types=(NETWORK, FLOW_LOG),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.5.03",), ncsc=("13",), caf=("C1.a",), cis=("7.8",), iso27001=("8.15",), five_safes=("settings",)
    ),
    fix="Give the network a FlowLog with enabled, without a retentionPolicy of its own, and its store a lifecycle rule "
    "that deletes after 90, 180 or 365 days at the earliest, by the data class.",
    requires=(equals("enabled", True, default="false", only_on=FLOW_LOG),),
    check=check,
    check_paths=(
        "enabledFilteringCriteria",
        "storageId",
        *(f"{FLOW_LOG}:{path}" for path in PATHS),
        *(f"{LIFECYCLE}:{ACTIONS}.{kind}.delete.{age}" for kind in KINDS for age in AGES),
        f"{LIFECYCLE}:policy.rules[*].{PREFIXES}[*]",
    ),
    evaluation_scope="stack",
)
