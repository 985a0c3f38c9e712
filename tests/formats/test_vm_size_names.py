"""The features of a virtual machine size."""

from __future__ import annotations

import pytest

from formats.vm_size_names import has_accelerated_networking, has_local_disk, has_premium_storage

PREMIUM = ["Standard_D4s_v5", "Standard_DS2_v2", "Standard_NC24ads_A100_v4", "Standard_E4-2s_v5", "Standard_B2ms",
           "Standard_ND96isr_H100_v5", "Standard_DC8es_v5"]  # fmt: skip


@pytest.mark.parametrize("size", PREMIUM)
def test_a_size_with_an_s_has_premium_storage(size: str) -> None:
    assert has_premium_storage(size)


@pytest.mark.parametrize("size", ["Standard_D4_v5", "Standard_A2_v2", "Standard_A2m_v2", "Standard_D4ad_v5"])
def test_a_size_without_an_s_has_no_premium_storage(size: str) -> None:
    assert not has_premium_storage(size)


@pytest.mark.parametrize("size", ["Standard_D4s_v5", "Standard_DS2_v2", "Standard_B2ts_v2", "Standard_NC4as_T4_v3"])
def test_newer_sizes_have_accelerated_networking(size: str) -> None:
    assert has_accelerated_networking(size)


@pytest.mark.parametrize(
    "size", ["Standard_B2ms", "Standard_A2m_v2", "Standard_DS1_v2", "Standard_NV6", "Standard_F2s"]
)
def test_older_sizes_have_no_accelerated_networking(size: str) -> None:
    assert not has_accelerated_networking(size)


@pytest.mark.parametrize(
    ("size", "found"),
    [
        ("Standard_D4s_v3", True), ("Standard_D4s_v4", False), ("Standard_D4ds_v4", True), ("Standard_D8s_v5", False),
        ("Standard_D4ads_v6", True), ("Standard_DS2_v2", True), ("Standard_E8-4s_v3", True),
        ("Standard_E8as_v5", False),
        ("Standard_DC4s_v2", True), ("Standard_DC8ads_v5", True), ("Standard_DC8as_v5", False), ("Standard_B2ms", True),
        ("Standard_B2s_v2", False), ("Standard_F8s_v2", True), ("Standard_F8as_v6", False), ("Standard_M208s_v2", True),
        ("Standard_M96s_1_v3", None), ("Standard_NC24ads_A100_v4", True), ("Standard_ND96asr_v4", True),
        ("Standard_HB120rs_v3", True), ("Standard_L8s_v3", True), ("Standard_A2_v2", True), ("Basic_A1", None),
        ("Standard_X4s_v9", False), ("size", None),
    ],
)  # fmt: skip
def test_local_disk_follows_from_the_name(size: str, found: bool | None) -> None:
    assert has_local_disk(size) is found
