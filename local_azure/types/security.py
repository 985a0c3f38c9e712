"""Microsoft.Security: Defender for Storage on one account.

Sources: Microsoft.Security's specification of defenderForStorageSettings (api 2024-10-01-preview); learn.microsoft.com,
"Introduction to malware scanning" and "Prerequisites for Microsoft Defender for Storage".

Azure makes more by itself: an Event Grid system topic beside the account, a scanner in the subscription, and the
scanner's role on the account. No template declares those, and the local Azure does not show them.
"""

from __future__ import annotations

from collections.abc import Mapping

from local_azure.declare import AzureType, Change, Json
from local_azure.types.common import arm_type, one, only, refuse, scope_exists

SETTING = "azure-native:security:DefenderForStorage"
ACCOUNT = "microsoft.storage/storageaccounts"
UNCAPPED = -1
SCANNED = ("StorageV2", "BlockBlobStorage", "BlobStorage")
"""Kinds of account with blobs that are scanned; the first generation and files alone are not."""


def _account(change: Change) -> str:
    return f"/{str(change.new.get('resourceId', '')).strip('/')}"


def _is_on_an_account(change: Change) -> None:
    if arm_type(_account(change)) != ACCOUNT:
        text = f"The resource type '{arm_type(_account(change))}' does not support Defender for Storage settings."
        refuse("InvalidResourceType", text, target=_account(change))


def _account_can_be_scanned(change: Change) -> None:
    account = change.cloud.get(_account(change))
    kind = str(account.properties.get("kind")) if account else ""
    if account and one(change.new, "properties.malwareScanning.onUpload.isEnabled") is True and kind not in SCANNED:
        refuse(
            "BadRequest", f"Malware scanning is not supported for storage accounts of kind {kind}.", target=account.id
        )


def _cap_is_one(change: Change) -> None:
    """Above 0, or -1 for none (azurerm, `security_center_storage_defender`, which says so after Azure)."""
    cap = one(change.new, "properties.malwareScanning.onUpload.capGBPerMonth")
    if cap is not None and cap != UNCAPPED and cap <= 0:
        refuse("BadRequest", f"capGBPerMonth must be -1 or greater than 0, not {cap}.", target="capGBPerMonth")


def _scanning_needs_the_plan(change: Change) -> None:
    """What is scanned is scanned by Defender, which must be on."""
    for feature in ("malwareScanning.onUpload", "sensitiveDataDiscovery"):
        on = one(change.new, f"properties.{feature}.isEnabled") is True
        if on and one(change.new, "properties.isEnabled") is not True:
            refuse("BadRequest", f"{feature} cannot be enabled while Defender for Storage is not.", target=feature)


def _outputs(change: Change) -> Mapping[str, Json]:
    given = dict(change.new.get("properties") or {})
    for feature in ("malwareScanning", "sensitiveDataDiscovery"):
        if isinstance(given.get(feature), Mapping):
            given[feature] = {**given[feature], "operationStatus": {"code": "Succeeded", "message": ""}}
    return {"properties": given}


TYPES = (
    AzureType(
        token=SETTING,
        path="/{resourceId}/providers/Microsoft.Security/defenderForStorageSettings/{settingName}",
        name=only("current"),
        location="none",
        fixed=("resourceId",),
        defaults={"properties.malwareScanning.onUpload.capGBPerMonth": UNCAPPED},
        computed=_outputs,
        rules=(
            scope_exists("resourceId"),
            _is_on_an_account,
            _account_can_be_scanned,
            _cap_is_one,
            _scanning_needs_the_plan,
        ),
    ),
)
