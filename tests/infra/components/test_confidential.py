"""Confidential sizes and key release policies."""

from __future__ import annotations

import base64
import json

import pytest

from formats.stack_config import Region
from formats.vm_size_names import is_confidential
from infra.components.confidential import release_policy


@pytest.mark.parametrize("size", ["Standard_DC8ads_v5", "Standard_EC16as_v5", "Standard_DC4es_v5", "Standard_DC2as_v6"])
def test_confidential_sizes_are_recognised(size: str) -> None:
    assert is_confidential(size)


@pytest.mark.parametrize("size", ["Standard_D8s_v5", "Standard_NC24ads_A100_v4", "Standard_DC8s_v3"])
def test_other_sizes_are_not_confidential(size: str) -> None:
    assert not is_confidential(size)


@pytest.mark.parametrize("region", list(Region))
def test_keys_are_released_to_machines_attested_in_the_region(region: Region) -> None:
    text = release_policy(region)
    policy = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    (choice,) = policy["anyOf"]
    assert choice["authority"].startswith("https://")
    compliant, hardware = choice["allOf"]
    assert compliant == {"claim": "x-ms-compliance-status", "equals": "azure-compliant-cvm"}
    assert {claim["claim"] for claim in hardware["anyOf"]} == {"x-ms-attestation-type"}
    assert {claim["equals"] for claim in hardware["anyOf"]} == {"sevsnpvm", "tdxvm"}, "both types of the accepted sizes"
