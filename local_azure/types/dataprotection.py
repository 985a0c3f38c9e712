"""Microsoft.DataProtection: backup vaults.

Facts: docs/azure-facts.md#names-of-backup-vaults, #backup-vaults, #fixed-properties.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import guid, identity_outputs, refuse, value_at, values_at

VAULT = "azure-native:dataprotection:BackupVault"
SOFT_DELETE = "properties.securitySettings.softDeleteSettings"
IMMUTABILITY = "properties.securitySettings.immutabilitySettings.state"
CROSS_REGION_RESTORE = "properties.featureSettings.crossRegionRestoreSettings.state"


def _redundancies(request: Request) -> list[Json]:
    return values_at(request.new, "properties.storageSettings[*].type")


def _one_vault_store(request: Request) -> None:
    stores = values_at(request.new, "properties.storageSettings[*].datastoreType")
    if len(stores) != 1:
        refuse("BMSUserErrorInvalidInput", "storageSettings takes exactly one store.", target="storageSettings")


def _soft_delete_is_valid(request: Request) -> None:
    """14 to 180 days. AlwaysOn is final."""
    days = value_at(request.new, f"{SOFT_DELETE}.retentionDurationInDays", 14)
    if not 14 <= days <= 180:
        refuse("BMSUserErrorInvalidInput", f"Soft delete keeps for 14 to 180 days, not {days:g}.", target=SOFT_DELETE)
    if (
        value_at(request.old, f"{SOFT_DELETE}.state") == "AlwaysOn"
        and value_at(request.new, f"{SOFT_DELETE}.state") != "AlwaysOn"
    ):
        refuse("BMSUserErrorSoftDeleteAlwaysOn", "Soft delete that is always on cannot be changed.", target=SOFT_DELETE)


def _immutability_transition_is_valid(request: Request) -> None:
    before, after = value_at(request.old, IMMUTABILITY, "Disabled"), value_at(request.new, IMMUTABILITY, "Disabled")
    if (before == "Locked" and after != "Locked") or (after == "Locked" and before == "Disabled"):
        text = f"Immutability cannot go from {before} to {after}: it can be locked only from Unlocked, permanently."
        refuse("BMSUserErrorImmutabilityStateTransition", text, target=IMMUTABILITY)


def _cross_region_restore_is_valid(request: Request) -> None:
    on = value_at(request.new, CROSS_REGION_RESTORE) == "Enabled"
    if on and "GeoRedundant" not in _redundancies(request):
        refuse(
            "BMSUserErrorInvalidInput", "Cross-region restore needs a GeoRedundant vault.", target=CROSS_REGION_RESTORE
        )
    if value_at(request.old, CROSS_REGION_RESTORE) == "Enabled" and not on:
        refuse("BMSUserErrorInvalidInput", "Cross-region restore cannot be turned off.", target=CROSS_REGION_RESTORE)


def _outputs(request: Request) -> Mapping[str, Json]:
    properties = {
        **(request.new.get("properties") or {}),
        "provisioningState": "Succeeded",
        "isVaultProtectedByResourceGuard": False,
        "secureScore": "Minimum",
        "bcdrSecurityLevel": "Fair",
    }
    return {"eTag": guid(request.id, "etag"), "properties": properties, **identity_outputs(request)}


TYPES = (
    AzureType(
        token=VAULT,
        name=NameRule(r"[A-Za-z][A-Za-z0-9-]{1,49}", "2-50 letters, digits and -, starting with a letter"),
        immutable={"properties.storageSettings": "BadRequest"},
        computed=_outputs,
        constraints=(
            _one_vault_store,
            _soft_delete_is_valid,
            _immutability_transition_is_valid,
            _cross_region_restore_is_valid,
        ),
    ),
)
