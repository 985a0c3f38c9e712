"""Microsoft.OperationalInsights: Log Analytics workspaces.

Facts: docs/azure-facts.md#names-of-monitoring-resources, #log-analytics-workspaces, #deleted-workspaces.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import guid, identity_outputs, refuse, value_at

WORKSPACE = "azure-native:operationalinsights:Workspace"
COMMITMENT_TIERS = (100, 200, 300, 400, 500, 1000, 2000, 5000, 10000, 25000, 50000)
"""Commitment tiers in GB a day."""
RETIRED_SKUS = ("Free", "Standard", "Premium", "PerNode", "Standalone")


def _sku_is_available(request: Request) -> None:
    sku = value_at(request.new, "sku.name")
    if sku in RETIRED_SKUS:
        refuse(
            "InvalidParameter", f"Pricing tier {sku} can no longer be created; use PerGB2018 or CapacityReservation."
        )


def _commitment_tier_is_valid(request: Request) -> None:
    level = value_at(request.new, "sku.capacityReservationLevel")
    wanted = value_at(request.new, "sku.name") == "CapacityReservation"
    if wanted != (level is not None) or (wanted and level not in COMMITMENT_TIERS):
        text = f"capacityReservationLevel is {level}; only CapacityReservation takes one, of {COMMITMENT_TIERS}."
        refuse("InvalidParameter", text)


def _retention_in_range(request: Request) -> None:
    days = request.new.get("retentionInDays", 30)
    if not 30 <= days <= 730:
        refuse(
            "InvalidParameter",
            f"'RetentionInDays' property doesn't match the SKU limits: {days:g}; it takes 30 to 730.",
        )


def _daily_cap_in_range(request: Request) -> None:
    cap = value_at(request.new, "workspaceCapping.dailyQuotaGb", -1)
    if cap != -1 and cap < 0.023:
        refuse("InvalidParameter", f"workspaceCapping.dailyQuotaGb is {cap}; it takes -1 or at least 0.023.")


def _outputs(request: Request) -> Mapping[str, Json]:
    stored = request.cloud.get(request.id)
    made = stored.properties.get("createdDate") if stored else None
    return {
        "customerId": guid(request.id, "customer"),
        "provisioningState": "Succeeded",
        "createdDate": made or "2026-01-01T00:00:00Z",
        "modifiedDate": "2026-01-01T00:00:00Z",
        "etag": guid(request.id, "etag"),
        "privateLinkScopedResources": [],
        **identity_outputs(request),
    }


TYPES = (
    AzureType(
        token=WORKSPACE,
        name=NameRule(
            r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
            "4-63 letters, digits and -, neither starting nor ending with -",
        ),
        # Public ingestion and query, shared keys, logs for each reader of a resource, and retention for 30 days.
        defaults={
            "sku.name": "PerGB2018",
            "retentionInDays": 30,
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
            "features.disableLocalAuth": False,
            "features.enableLogAccessUsingOnlyResourcePermissions": True,
            "workspaceCapping.dailyQuotaGb": -1,
        },
        computed=_outputs,
        constraints=(
            _sku_is_available,
            _commitment_tier_is_valid,
            _retention_in_range,
            _daily_cap_in_range,
        ),
        soft_delete_days=14,
        recovered_by_create=True,
    ),
)
