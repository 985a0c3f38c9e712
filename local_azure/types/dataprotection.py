"""Microsoft.DataProtection: backup vaults. Sources: azure-facts 1.1, 2.7, 3."""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json, Name
from local_azure.types.common import every, guid, identity_outputs, one, refuse

VAULT = "azure-native:dataprotection:BackupVault"
SOFT = "properties.securitySettings.softDeleteSettings"
IMMUTABLE = "properties.securitySettings.immutabilitySettings.state"
REGIONS = "properties.featureSettings.crossRegionRestoreSettings.state"


def _redundancies(change: Change) -> list[Json]:
    return every(change.new, "properties.storageSettings[*].type")


def _one_vault_store(change: Change) -> None:
    stores = every(change.new, "properties.storageSettings[*].datastoreType")
    if len(stores) != 1:
        refuse("BMSUserErrorInvalidInput", "storageSettings takes exactly one store.", target="storageSettings")


def _soft_delete_in_range_and_final(change: Change) -> None:
    """14 to 180 days; AlwaysOn cannot be taken back (azure-facts 2.7)."""
    days = one(change.new, f"{SOFT}.retentionDurationInDays", 14)
    if not 14 <= days <= 180:
        refuse("BMSUserErrorInvalidInput", f"Soft delete keeps for 14 to 180 days, not {days:g}.", target=SOFT)
    if one(change.old, f"{SOFT}.state") == "AlwaysOn" and one(change.new, f"{SOFT}.state") != "AlwaysOn":
        refuse("BMSUserErrorSoftDeleteAlwaysOn", "Soft delete that is always on cannot be changed.", target=SOFT)


def _immutability_locks_from_unlocked(change: Change) -> None:
    before, after = one(change.old, IMMUTABLE, "Disabled"), one(change.new, IMMUTABLE, "Disabled")
    if (before == "Locked" and after != "Locked") or (after == "Locked" and before == "Disabled"):
        text = f"Immutability cannot go from {before} to {after}: it locks only from Unlocked, and for good."
        refuse("BMSUserErrorImmutabilityStateTransition", text, target=IMMUTABLE)


def _cross_region_needs_geo_and_stays(change: Change) -> None:
    on = one(change.new, REGIONS) == "Enabled"
    if on and "GeoRedundant" not in _redundancies(change):
        refuse("BMSUserErrorInvalidInput", "Cross-region restore needs a GeoRedundant vault.", target=REGIONS)
    if one(change.old, REGIONS) == "Enabled" and not on:
        refuse("BMSUserErrorInvalidInput", "Cross-region restore cannot be turned off.", target=REGIONS)


def _outputs(change: Change) -> Mapping[str, Json]:
    properties = {
        **(change.new.get("properties") or {}),
        "provisioningState": "Succeeded",
        "isVaultProtectedByResourceGuard": False,
        "secureScore": "Minimum",
        "bcdrSecurityLevel": "Fair",
    }
    return {"eTag": guid(change.id, "etag"), "properties": properties, **identity_outputs(change)}


TYPES = (
    AzureType(
        token=VAULT,
        name=Name(r"[A-Za-z][A-Za-z0-9-]{1,49}", "2-50 letters, digits and -, starting with a letter"),
        fixed=("properties.storageSettings",),
        computed=_outputs,
        rules=(
            _one_vault_store,
            _soft_delete_in_range_and_final,
            _immutability_locks_from_unlocked,
            _cross_region_needs_geo_and_stays,
        ),
    ),
)
