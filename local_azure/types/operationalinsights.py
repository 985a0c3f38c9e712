"""Microsoft.OperationalInsights: Log Analytics workspaces. Sources: azure-facts 1.1, 2.7, 3."""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.common import guid, identity_outputs, one, refuse

WORKSPACE = "azure-native:operationalinsights:Workspace"
COMMITMENTS = (100, 200, 300, 400, 500, 1000, 2000, 5000, 10000, 25000, 50000)
"""Commitment tiers, GB a day (azure-facts 2.7)."""
RETIRED = ("Free", "Standard", "Premium", "PerNode", "Standalone")


def _sku_is_still_sold(change: Change) -> None:
    sku = one(change.new, "sku.name")
    if sku in RETIRED:
        refuse(
            "InvalidParameter", f"Pricing tier {sku} can no longer be created; use PerGB2018 or CapacityReservation."
        )


def _commitment_is_a_tier(change: Change) -> None:
    level = one(change.new, "sku.capacityReservationLevel")
    wanted = one(change.new, "sku.name") == "CapacityReservation"
    if wanted != (level is not None) or (wanted and level not in COMMITMENTS):
        text = f"capacityReservationLevel is {level}; CapacityReservation, and it alone, takes one of {COMMITMENTS}."
        refuse("InvalidParameter", text)


def _retention_in_range(change: Change) -> None:
    """30 to 730 days (azure-facts 2.7)."""
    days = change.new.get("retentionInDays", 30)
    if not 30 <= days <= 730:
        refuse(
            "InvalidParameter",
            f"'RetentionInDays' property doesn't match the SKU limits: {days:g}; it takes 30 to 730.",
        )


def _cap_is_positive(change: Change) -> None:
    cap = one(change.new, "workspaceCapping.dailyQuotaGb", -1)
    if cap != -1 and cap < 0.023:
        refuse("InvalidParameter", f"workspaceCapping.dailyQuotaGb is {cap}; it takes -1 or at least 0.023.")


def _outputs(change: Change) -> Mapping[str, Json]:
    stored = change.cloud.get(change.id)
    made = stored.properties.get("createdDate") if stored else None
    return {
        "customerId": guid(change.id, "customer"),
        "provisioningState": "Succeeded",
        "createdDate": made or "2026-01-01T00:00:00Z",
        "modifiedDate": "2026-01-01T00:00:00Z",
        "etag": guid(change.id, "etag"),
        "privateLinkScopedResources": [],
        **identity_outputs(change),
    }


TYPES = (
    AzureType(
        token=WORKSPACE,
        name=Name(
            r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
            "4-63 letters, digits and -, neither starting nor ending with -",
        ),
        # Open to public ingestion and query, keys allowed, and thirty days unless told otherwise.
        defaults={
            "sku.name": "PerGB2018",
            "retentionInDays": 30,
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
            "features.disableLocalAuth": False,
            "features.enableLogAccessUsingOnlyResourcePermissions": False,
            "workspaceCapping.dailyQuotaGb": -1,
        },
        computed=_outputs,
        rules=(
            _sku_is_still_sold,
            _commitment_is_a_tier,
            _retention_in_range,
            _cap_is_positive,
        ),
        soft_deletes=14,
        recovers=True,
    ),
)
