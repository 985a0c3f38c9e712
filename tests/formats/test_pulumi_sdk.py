"""The types of an installed SDK, parsed from its source."""

from __future__ import annotations

import pytest

from formats.pulumi_sdk import Sdk, SdkProperty, installed

AZURE = installed("pulumi_azure_native")


def test_inputs_and_outputs_of_a_resource() -> None:
    subnet = AZURE.resource("azure-native:network:Subnet")
    assert subnet is not None
    assert subnet.inputs["virtualNetworkName"].required
    assert not subnet.inputs["addressPrefix"].required
    assert subnet.inputs["networkSecurityGroup"].classes == ("NetworkSecurityGroupArgs",)
    assert subnet.inputs["delegations"].is_list
    assert subnet.inputs["privateEndpointNetworkPolicies"].default == "Disabled"
    assert "ipConfigurationProfiles" in subnet.outputs.keys() - subnet.inputs.keys()


def test_input_with_a_default_is_not_required() -> None:
    component = AZURE.resource("azure-native:applicationinsights:Component")
    assert component is not None
    assert component.inputs["applicationType"].default == "web"
    assert not component.inputs["applicationType"].required


def test_classes_of_inputs_and_outputs_are_apart() -> None:
    assert AZURE.properties("network", "SubResourceArgs") == {
        "id": SdkProperty("pulumi.Input[Optional[_builtins.str]]")
    }
    assert AZURE.properties("network", "outputs.SubResourceResponse") == {"id": SdkProperty("Optional[_builtins.str]")}
    assert AZURE.properties("network", "SubResourceResponse") == {}


def test_values_of_an_enum() -> None:
    assert AZURE.enum("network", "Access") == ("Allow", "Deny")
    assert AZURE.enum("network", "SubResourceArgs") is None
    assert AZURE.enum("resources", "Access") is None


@pytest.mark.parametrize(
    "token",
    [
        "azure-native:network:subnet",
        "azure-native:network:SUBNET",
        "azure-native:network/2024:Subnet",
        "azure-native:../network:Subnet",
        "azure-native:nothing:Subnet",
        "random:network:Subnet",
        "network:Subnet",
    ],
)
def test_other_tokens_have_no_type(token: str) -> None:
    assert AZURE.resource(token) is None


def test_package_that_is_not_installed_has_no_types() -> None:
    assert Sdk("pulumi_absent").resource("absent:network:Subnet") is None
