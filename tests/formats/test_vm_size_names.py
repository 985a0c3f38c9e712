"""The features of a virtual machine size."""

from __future__ import annotations

import pytest

from formats.vm_size_names import has_accelerated_networking, has_premium_storage

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
