"""The GPU driver of desks."""

from __future__ import annotations

import pytest

from formats.egress import EgressRule
from infra.gpu_driver import DRIVER, NO_ARCHIVE, NO_PACKAGE, PACKAGES, gpu_driver, gpu_driver_settings

MIRROR = EgressRule.model_validate({
    "name": "mirror", "addresses": ["203.0.113.16/29"], "apt": "https://a.mirror.example/ubuntu"})  # fmt: skip


@pytest.mark.parametrize("size", ["Standard_NC24ads_A100_v4", "Standard_NC4as_T4_v3", "Standard_NC40ads_H100_v5"])
def test_compute_gpus_get_the_signed_driver(size: str) -> None:
    assert gpu_driver(size, [MIRROR]) == DRIVER
    assert gpu_driver_settings(size, [MIRROR])["packages"] == list(PACKAGES)


@pytest.mark.parametrize("size", ["Standard_NV36ads_A10_v5", "Standard_NV4as_v4", "Standard_ND96isr_MI300X_v5",
                                  "Standard_ND96isr_H100_v5", "Standard_NCC40ads_H100_v5",
                                  "Standard_NC6s_v3"])  # fmt: skip
def test_other_gpus_get_no_driver(size: str) -> None:
    assert gpu_driver(size, [MIRROR]) == NO_PACKAGE
    assert gpu_driver_settings(size, [MIRROR]) == {}


def test_without_an_archive_there_is_no_driver() -> None:
    assert gpu_driver("Standard_NC24ads_A100_v4", []) == NO_ARCHIVE
    assert gpu_driver_settings("Standard_NC24ads_A100_v4", []) == {}


@pytest.mark.parametrize("size", ["Standard_D8s_v5", "Standard_NP10s", "Standard_DC8ads_v5"])
def test_sizes_without_a_gpu_have_no_entry(size: str) -> None:
    assert gpu_driver(size, [MIRROR]) is None
    assert gpu_driver_settings(size, [MIRROR]) == {}
