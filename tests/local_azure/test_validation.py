"""Validation of inputs in Check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.property_values import SECRET_SIGNATURE, SIGNATURE, UNKNOWN
from local_azure.schema import resource
from local_azure.validation import Inputs, validate
from local_azure.wire import from_struct, unwrap
from tests.local_azure.support import ACCOUNT, GROUP, SUBNET, TYPES, VNET, ZONE, Cloud, account


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET_SIGNATURE, "value": value}


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"colour": "red"}, "colour", "'colour' is not a property of this type"),
        ({"Tags": {}}, "Tags", "did you mean 'tags'"),
        ({"sku": {"name": "Standard_LRS", "size": 1}}, "sku.size", "'sku.size'"),
        ({"sku": {}}, "sku.name", "missing required property 'sku.name'"),
        ({"sku": None}, "sku", "missing required property 'sku'"),
        ({"isHnsEnabled": "yes"}, "isHnsEnabled", "should be of type 'boolean' but is a string"),
        ({"tags": {"a": 1}}, "tags.a", "should be of type 'string' but is a number"),
        ({"tags": {"a.b": True}}, 'tags["a.b"]', "but is a boolean"),
        ({"kind": "StorageV9"}, "kind", "'StorageV9', which is not one of: Storage, StorageV2"),
        ({"accessTier": "Warm"}, "accessTier", "not one of: Hot, Cool, Premium, Cold"),
        ({"networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": 1}]}},
         "networkRuleSet.ipRules[0].iPAddressOrRange", "should be of type 'string'"),
        ({"networkRuleSet": []}, "networkRuleSet", "should be of type 'object' but is an array"),
        ({"accountName": "Store-One"}, "accountName", "Code=AccountNameInvalid"),
        ({"location": "atlantis"}, "location", "Code=LocationNotAvailableForResourceType"),
    ],
)  # fmt: skip
def test_invalid_inputs_are_reported_by_path(cloud: Cloud, change: dict[str, Any], path: str, words: str) -> None:
    failures = cloud.check(ACCOUNT, account(**change)).failures
    assert [failure.property for failure in failures] == [path]
    assert words in failures[0].reason
    assert ACCOUNT in failures[0].reason
    assert "Code=" in failures[0].reason


def test_all_invalid_inputs_are_reported_at_once(cloud: Cloud) -> None:
    failures = cloud.check(ACCOUNT, account(kind="X", colour="red", isHnsEnabled=1)).failures
    assert {failure.property for failure in failures} == {"kind", "colour", "isHnsEnabled"}


def test_unknown_type_is_reported(cloud: Cloud) -> None:
    failures = cloud.check("azure-native:kusto:Cluster", {}).failures
    assert "azure-native:kusto:Cluster" in failures[0].reason


def test_additional_value_of_an_enum_is_accepted(cloud: Cloud) -> None:
    assert not cloud.check(ACCOUNT, account(kind="StorageV3")).failures


def test_unknown_values_are_not_validated(cloud: Cloud) -> None:
    answer = cloud.check(
        ACCOUNT, account(kind=UNKNOWN, sku={"name": UNKNOWN}, networkRuleSet=UNKNOWN, accountName=UNKNOWN)
    )
    assert not answer.failures
    assert from_struct(answer.inputs)["networkRuleSet"] == UNKNOWN


def test_secrets_are_validated_and_masked(cloud: Cloud) -> None:
    good = cloud.check(ACCOUNT, account(tags=secret({"a": "secret-text"})))
    assert not good.failures
    assert from_struct(good.inputs)["tags"] == secret({"a": "secret-text"})
    bad = cloud.check(ACCOUNT, account(kind=secret("secret-value"))).failures
    assert [failure.property for failure in bad] == ["kind"]
    assert "secret-text" not in bad[0].reason


def test_automatic_name_is_derived_and_stable(cloud: Cloud) -> None:
    first = from_struct(cloud.check(VNET, {"resourceGroupName": "rg-one"}).inputs)
    assert first["virtualNetworkName"].startswith("thing")
    assert len(first["virtualNetworkName"]) == len("thing") + 8
    assert first["__createBeforeDelete"] is True
    again = from_struct(cloud.check(VNET, {"resourceGroupName": "rg-one"}, olds=first).inputs)
    assert again["virtualNetworkName"] == first["virtualNetworkName"]


def test_autonaming_settings_are_applied(cloud: Cloud) -> None:
    enforced = cloud.check(VNET, {"resourceGroupName": "g"}, autonaming={"mode": "ENFORCE", "proposed_name": "vnet-x"})
    assert from_struct(enforced.inputs)["virtualNetworkName"] == "vnet-x"
    disabled = cloud.check(VNET, {"resourceGroupName": "g"}, autonaming={"mode": "DISABLE"})
    assert "virtualNetworkName" not in from_struct(disabled.inputs)


def test_default_location_is_the_providers_then_the_groups(tmp_path: Path) -> None:
    assert Cloud(tmp_path / "a", "ukwest").inputs(VNET, {"resourceGroupName": "g"})["location"] == "ukwest"
    cloud = Cloud(tmp_path / "b", location="")
    cloud.group("rg-one", "ukwest")
    assert cloud.inputs(VNET, {"resourceGroupName": "rg-one"})["location"] == "ukwest"
    assert cloud.inputs(VNET, {"resourceGroupName": UNKNOWN})["location"] == UNKNOWN
    assert cloud.check(GROUP, {"resourceGroupName": "x"}).failures[0].property == "location"


def test_type_without_location_gets_none(cloud: Cloud) -> None:
    assert "location" not in cloud.inputs(SUBNET, {"resourceGroupName": "g", "virtualNetworkName": "v"})


def test_global_type_accepts_only_location_global(cloud: Cloud) -> None:
    zone = {"resourceGroupName": "g", "privateZoneName": "a.example"}
    assert not cloud.check(ZONE, {**zone, "location": "global"}).failures
    assert cloud.check(ZONE, zone).failures[0].property == "location"


def test_api_version_is_added(cloud: Cloud) -> None:
    assert cloud.inputs(ACCOUNT, account())["azureApiVersion"] == resource(ACCOUNT).api_version


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(sorted(resource(ACCOUNT).inputs)) | st.text(max_size=8), values, max_size=6))
def test_validation_of_arbitrary_inputs_does_not_fail(inputs: dict[str, Any]) -> None:
    plain = unwrap(inputs)
    for failure in validate(Inputs(TYPES[ACCOUNT], resource(ACCOUNT), plain.values, plain.secrets)):
        assert failure.reason.startswith("Code=")
