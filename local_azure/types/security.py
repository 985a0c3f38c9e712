"""Microsoft.Security: Defender for Storage on one account.

Facts: docs/azure-facts.md#defender-for-storage.
"""

from __future__ import annotations

from collections.abc import Mapping

from formats.arm.actions import scanning_actions
from local_azure.ids import subscription_of
from local_azure.model import AzureType, Cloud, Json, Request
from local_azure.preconditions import permitted
from local_azure.types.common import arm_type, fixed_name, refuse, scope_exists, value_at

SETTING = "azure-native:security:DefenderForStorage"
ACCOUNT = "microsoft.storage/storageaccounts"
NO_CAP = -1
SCANNABLE_KINDS = ("StorageV2", "BlockBlobStorage", "BlobStorage")
"""Kinds of account with malware scanning. Kinds Storage and FileStorage have none."""


def _account(request: Request) -> str:
    return f"/{str(request.new.get('resourceId', '')).strip('/')}"


def _target_is_storage_account(request: Request) -> None:
    if arm_type(_account(request)) != ACCOUNT:
        text = f"The resource type '{arm_type(_account(request))}' does not support Defender for Storage settings."
        refuse("InvalidResourceType", text, target=_account(request))


def _account_can_be_scanned(request: Request) -> None:
    account = request.cloud.get(_account(request))
    kind = str(account.properties.get("kind")) if account else ""
    if (
        account
        and value_at(request.new, "properties.malwareScanning.onUpload.isEnabled") is True
        and kind not in SCANNABLE_KINDS
    ):
        refuse(
            "BadRequest", f"Malware scanning is not supported for storage accounts of kind {kind}.", target=account.id
        )


def _cap_is_valid(request: Request) -> None:
    """The cap is above 0, or -1 for no cap."""
    cap = value_at(request.new, "properties.malwareScanning.onUpload.capGBPerMonth")
    if cap is not None and cap != NO_CAP and cap <= 0:
        refuse("BadRequest", f"capGBPerMonth must be -1 or greater than 0, not {cap}.", target="capGBPerMonth")


def _scanning_needs_the_plan(request: Request) -> None:
    """Scanning and discovery need Defender for Storage."""
    for feature in ("malwareScanning.onUpload", "sensitiveDataDiscovery"):
        on = value_at(request.new, f"properties.{feature}.isEnabled") is True
        if on and value_at(request.new, "properties.isEnabled") is not True:
            refuse("BadRequest", f"{feature} cannot be enabled while Defender for Storage is not.", target=feature)


def inherited_setting(cloud: Cloud, id_: str) -> Mapping[str, Json] | None:
    """Return the setting that an account inherits where Defender for Storage is on for the subscription."""
    account = cloud.get(id_.rpartition("/providers/")[0])
    settings = cloud.settings(subscription_of(id_))
    is_setting = arm_type(id_) == "microsoft.security/defenderforstoragesettings"
    if not is_setting or account is None or settings is None or settings.defender_for_storage == "Free":
        return None
    scanning = {"onUpload": {"isEnabled": False, "capGBPerMonth": NO_CAP}}
    on = {"isEnabled": True, "overrideSubscriptionLevelSettings": False, "malwareScanning": scanning}
    return {"properties": {**on, "sensitiveDataDiscovery": {"isEnabled": False}}}


def _scanning_failure(request: Request) -> Mapping[str, Json] | None:
    """Return the status of the failure to set scanning up, or None. It needs Event Grid, and rights of its own."""
    settings = request.cloud.settings(subscription_of(request.id))
    if settings and settings.malware_scanning:
        return settings.malware_scanning.model_dump()
    for target, action in scanning_actions(request.id) if settings else ():
        if not permitted(request.cloud, target, action):
            return {"code": "MissingPermissions", "message": f"Missing {action} on {target}."}
    if settings and settings.has("unregistered_providers", "Microsoft.EventGrid"):
        return {"code": "UnknownError", "message": "Failed to setup Event Grid."}
    return None


def _outputs(request: Request) -> Mapping[str, Json]:
    """Return the properties with the status of each feature. A failure turns the feature off, and the request succeeds.

    Source: the response 201 in the specification's example PutDefenderForStorageSettings.
    """
    given = dict(request.new.get("properties") or {})
    failure = _scanning_failure(request)
    for feature in ("malwareScanning", "sensitiveDataDiscovery"):
        if isinstance(given.get(feature), Mapping):
            given[feature] = {**given[feature], "operationStatus": {"code": "Succeeded", "message": ""}}
    if failure and value_at(given, "malwareScanning.onUpload.isEnabled") is True:
        scanning = given["malwareScanning"]
        off = {**scanning["onUpload"], "isEnabled": False}
        given["malwareScanning"] = {**scanning, "onUpload": off, "operationStatus": failure}
    return {"properties": given}


TYPES = (
    AzureType(
        token=SETTING,
        name=fixed_name("current"),
        location="none",
        defaults={"properties.malwareScanning.onUpload.capGBPerMonth": NO_CAP},
        computed=_outputs,
        inherited=inherited_setting,
        constraints=(
            scope_exists("resourceId"),
            _target_is_storage_account,
            _account_can_be_scanned,
            _cap_is_valid,
            _scanning_needs_the_plan,
        ),
    ),
)
