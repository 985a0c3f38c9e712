"""The ARM path and request body of each type, from the azure-mgmt packages."""

from __future__ import annotations

import pytest

from formats.arm.declared_paths import PATHS as DECLARED
from formats.arm.routes import PACKAGES, id_route, route, routes
from formats.arm.sdk import PREFIX, inputs_of, sdk_type
from formats.errors import InputError
from local_azure.paths import PATHS


@pytest.mark.parametrize(
    ("token", "arm_type", "body"),
    [
        ("resources:ResourceGroup", "Microsoft.Resources/resourceGroups", "ResourceGroup"),
        ("network:Subnet", "Microsoft.Network/virtualNetworks/subnets", "Subnet"),
        ("storage:StorageAccount", "Microsoft.Storage/storageAccounts", "StorageAccountCreateParameters"),
        ("storage:BlobServiceProperties", "Microsoft.Storage/storageAccounts/blobServices", "BlobServiceProperties"),
        ("storage:ManagementPolicy", "Microsoft.Storage/storageAccounts/managementPolicies", "ManagementPolicy"),
        ("keyvault:Key", "Microsoft.KeyVault/vaults/keys", "KeyCreateParameters"),
        ("authorization:RoleAssignment", "Microsoft.Authorization/roleAssignments", "RoleAssignmentCreateParameters"),
        ("authorization:ManagementLockByScope", "Microsoft.Authorization/locks", "ManagementLockObject"),
        ("monitor:DiagnosticSetting", "Microsoft.Insights/diagnosticSettings", "DiagnosticSettingsResource"),
        ("consumption:Budget", "Microsoft.Consumption/budgets", "Budget"),
        ("security:DefenderForStorage", "Microsoft.Security/defenderForStorageSettings", "DefenderForStorageSetting"),
        ("privatedns:PrivateZone", "Microsoft.Network/privateDnsZones", "PrivateZone"),
    ],
)
def test_a_type_is_matched_to_its_put_request(token: str, arm_type: str, body: str) -> None:
    found = route(f"azure-native:{token}")
    assert (found.arm_type, found.model) == (arm_type, body)


def normalised(path: str) -> str:
    """Return a path with every argument, and every name that Azure has normalised, as `{}`."""
    parts = path.lower().split("/")
    return "/".join("{}" if part.startswith("{") or part == "default" else part for part in parts)


def covered() -> list[str]:
    """Return the types of the local Azure that an installed azure-mgmt package contains."""
    found = []
    for token in sorted(PATHS):
        packages = PACKAGES.get(token.split(":")[-2], ())
        paths = {normalised(r.path) for package in packages for r in routes(package)}
        if normalised(PATHS[token]) in paths:
            found.append(token)
    return found


def test_the_local_azure_has_the_same_paths() -> None:
    tokens = [token for token in covered() if not token.endswith(":PrivateRecordSet")]
    assert len(tokens) == len(PATHS) - 2  # record sets, and the type without a package: backup vaults
    for token in tokens:
        assert normalised(route(token).path) == normalised(PATHS[token]), token


def test_a_type_with_an_argument_in_its_arm_type_is_refused() -> None:
    with pytest.raises(InputError, match="PrivateRecordSet"):
        route("azure-native:privatedns:PrivateRecordSet")


def test_the_version_in_a_token_is_the_api_version() -> None:
    assert sdk_type("azure-native:network/v20240101preview:Subnet").api_version == "2024-01-01-preview"


@pytest.mark.parametrize("token", ["azure-native:network:NoSuchThing", "azure-native:../etc:Passwd", "network:Subnet"])
def test_a_type_that_the_sdk_lacks_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="cannot be exported"):
        sdk_type(token)


def test_a_type_without_a_package_is_refused_with_the_fix() -> None:
    with pytest.raises(InputError, match=r"routes\.py"):
        route("azure-native:web:WebApp")


@pytest.mark.parametrize("type_", DECLARED)
def test_a_declared_path_has_the_inputs_of_its_type(type_: str) -> None:
    found = id_route(PREFIX + type_)
    assert {*found.arguments} - {"subscriptionId"} <= inputs_of(PREFIX + type_).keys()
    assert found.arm_type.startswith("Microsoft.")
    if type_.partition(":")[0] in PACKAGES:
        assert route(PREFIX + type_).path.lower() == found.path.lower()
        return
    with pytest.raises(InputError, match="no installed"):
        route(PREFIX + type_)
