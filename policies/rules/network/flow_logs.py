"""NW8: every network's flows are recorded, and kept as long as its data class asks."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics import ids
from policies.azure_semantics.network import NETWORK
from policies.azure_semantics.properties import must
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

RECORD = "network:FlowLog"
KEPT = {DataClass.SYNTHETIC: 90, DataClass.DE_IDENTIFIED: 180, DataClass.IDENTIFIABLE: 365}
"""Days, at least: CIS asks 90; an intrusion is often found after months."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Of a network: that something records it. Of a record: that it is on, and kept."""
    if resource.type == NETWORK:
        records = context.referencing(RECORD, "targetResourceId", resource)
        whole = [record for record in records if ids.plain(record.at("targetResourceId")) == ids.own(resource)]
        if not any(record.at("enabled") is True for record in whole):
            yield Violation("", "no flow log that is on records this network's flows")
        return
    yield from must(resource, "enabled", True, default="false")
    yield from must(resource, "retentionPolicy.enabled", True, default="false")
    days, least = resource.at("retentionPolicy.days"), KEPT[context.data_class(resource)]
    if days is MISSING or not isinstance(days, int) or 0 < days < least:
        yield Violation("retentionPolicy.days", f"keeps records {days} days; for this class of data it must be {least}")
    yield from _kept_by(resource, context)
    if resource.at("enabledFilteringCriteria") is not MISSING:
        yield Violation("enabledFilteringCriteria", "leaves flows out; all of them must be recorded")


def _kept_by(record: Resource, context: PolicyContext) -> Iterator[Violation]:
    """The records hold every connection there was: they stay in a store of the estate, the same for a stack."""
    store = context.get(record.at("storageId"))
    stores = {
        str(other.at("storageId")).lower() for other in context.same_stack(record, RECORD) if other.knows("storageId")
    }
    if store is None and context.whole:
        yield Violation("storageId", "names a store that is not the estate's")
    elif store is None and len(stores) > 1:
        yield Violation("storageId", "the stack's records go to several stores; there must be one")


POLICY = Policy(
    id="NW8",
    title="Every network's flows are recorded",
    why="Who talked to whom is the first question after an incident, and cannot be asked afterwards.",
    on=(NETWORK, RECORD),
    reads=(
        "enabled",
        "retentionPolicy.enabled",
        "retentionPolicy.days",
        "enabledFilteringCriteria",
        "storageId",
        f"{RECORD}:targetResourceId",
        f"{RECORD}:enabled",
    ),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.5.03",), ncsc=("13",), cis=("7.8",), iso27001=("8.15",), five_safes=("settings",)
    ),
    fix="Give the network a FlowLog with enabled and a retentionPolicy of 90, 180 or 365 days, by its data class.",
    check=check,
    scope="stack",
    checkov=("CKV_AZURE_12",),
)
