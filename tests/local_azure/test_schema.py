"""The schemas parsed from the installed SDKs, without importing them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from local_azure.paths import PATHS
from local_azure.schema import SchemaError, Schemas, azure_native, resource


def test_resource_has_arm_type_api_version_and_path() -> None:
    account = resource("azure-native:storage:StorageAccount")
    assert account.arm_type == "Microsoft.Storage/storageAccounts"
    assert account.api_version.startswith("20")
    assert account.path.endswith("/providers/Microsoft.Storage/storageAccounts/{accountName}")
    assert account.parameters == ("resourceGroupName", "accountName")
    assert account.inputs["sku"].required
    assert not account.inputs["accountName"].required
    assert "primaryEndpoints" in account.output_only
    assert "kind" not in account.output_only


def test_arm_type_is_every_second_segment_of_the_path() -> None:
    container = resource("azure-native:storage:BlobContainer")
    assert container.arm_type == "Microsoft.Storage/storageAccounts/blobServices/containers"
    assert resource("azure-native:resources:ResourceGroup").arm_type == "Microsoft.Resources/resourceGroups"


def test_types_of_properties() -> None:
    inputs = resource("azure-native:storage:StorageAccount").inputs
    assert inputs["accountName"].type.kind == "string"
    assert inputs["isHnsEnabled"].type.kind == "boolean"
    assert inputs["tags"].type.kind == "map"
    assert inputs["kind"].type.kind == "enum"
    assert "Hot" in inputs["accessTier"].type.values
    assert inputs["sku"].type.properties["name"].required
    rules = inputs["networkRuleSet"].type.properties["ipRules"].type
    assert rules.kind == "array"
    assert rules.item is not None
    assert "iPAddressOrRange" in rules.item.properties


def test_defaults_of_the_sdk_are_parsed() -> None:
    assert resource("azure-native:network:Subnet").inputs["privateEndpointNetworkPolicies"].default == "Disabled"


def test_renamed_args_class_is_found() -> None:
    subnet = resource("azure-native:network:Subnet")
    assert "virtualNetworkName" in subnet.inputs
    assert "networkSecurityGroup" in subnet.inputs


def test_nested_outputs_are_parsed() -> None:
    identity = resource("azure-native:storage:StorageAccount").outputs["identity"].type
    assert "principalId" in identity.properties


@pytest.mark.parametrize("token", sorted(PATHS))
def test_parameters_of_every_path_are_inputs_of_its_type(token: str) -> None:
    found = azure_native().resource(token)
    assert set(found.parameters) <= set(found.inputs)
    assert found.arm_type.startswith("Microsoft.")


def test_error_names_an_unknown_token() -> None:
    with pytest.raises(SchemaError, match="azure-native:storage:Nothing"):
        resource("azure-native:storage:Nothing")


def test_sdk_is_not_imported() -> None:
    code = (
        "import sys; from local_azure.schema import resource; resource('azure-native:network:VirtualNetwork');"
        "print([m for m in sys.modules if m.startswith('pulumi')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_error_names_a_package_that_is_not_installed() -> None:
    with pytest.raises(SchemaError, match="pulumi_absent is not installed"):
        Schemas("pulumi_absent")


def test_random_sdk_is_parsed() -> None:
    password = Schemas("pulumi_random").resource("random:index/randomPassword:RandomPassword")
    assert password.inputs["length"].required
    assert "result" in password.output_only
