"""Every network has a flow log (NW8)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics import ids
from policies.azure_semantics.network import NETWORK
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import at_least, equals

FLOW_LOG = "network:FlowLog"
MIN_DAYS = {DataClass.SYNTHETIC: 90, DataClass.DE_IDENTIFIED: 180, DataClass.IDENTIFIABLE: 365}
"""Minimum days. CIS requires 90; intrusions are often found after months."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a flow log for each network, and the retention and store of each flow log."""
    if resource.type == NETWORK:
        logs = context.referencing(FLOW_LOG, "targetResourceId", resource)
        of_whole_network = [log for log in logs if ids.plain(log.at("targetResourceId")) == ids.own(resource)]
        if not any(log.at("enabled") is True for log in of_whole_network):
            yield Violation("", "has no enabled flow log")
        return
    days, min_days = resource.at("retentionPolicy.days"), MIN_DAYS[context.data_class(resource)]
    if days is MISSING or not isinstance(days, int) or 0 < days < min_days:
        yield Violation("retentionPolicy.days", f"is {days}; for this data class it must be at least {min_days}")
    yield from _check_store(resource, context)
    if resource.at("enabledFilteringCriteria") is not MISSING:
        yield Violation("enabledFilteringCriteria", "excludes flows; all must be recorded")


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
        satre=("2.5.03",), ncsc=("13",), cis=("7.8",), iso27001=("8.15",), five_safes=("settings",)
    ),
    fix="Give the network a FlowLog with enabled and a retentionPolicy of 90, 180 or 365 days, by its data class.",
    requires=(
        equals("enabled", True, default="false", only_on=FLOW_LOG),
        equals("retentionPolicy.enabled", True, default="false", only_on=FLOW_LOG),
    ),
    check=check,
    required_by_check=(at_least("retentionPolicy.days", 90, "days", only_on=FLOW_LOG),),
    check_paths=("enabledFilteringCriteria", "storageId", f"{FLOW_LOG}:targetResourceId", f"{FLOW_LOG}:enabled"),
    evaluation_scope="stack",
    checkov=("CKV_AZURE_12",),
)
