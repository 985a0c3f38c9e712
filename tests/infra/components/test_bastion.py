"""The Bastion component."""

from __future__ import annotations

from tests.infra.mock_stack import MockStack


def test_every_feature_that_transfers_data_is_off(platform: MockStack) -> None:
    (host,) = platform.of("BastionHost")
    assert host.inputs["disableCopyPaste"] is True
    for feature in ("enableFileCopy", "enableIpConnect", "enableKerberos", "enableShareableLink", "enableTunneling"):
        assert host.inputs[feature] is False
    assert host.inputs["sku"] == {"name": "Standard"}, "the smallest in which copy and paste can be disabled"
