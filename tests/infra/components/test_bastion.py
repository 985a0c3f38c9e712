"""Bastion: nothing can be carried through it."""

from __future__ import annotations

from tests.infra.world import World


def test_everything_that_carries_is_off(platform: World) -> None:
    (host,) = platform.of("BastionHost")
    assert host.inputs["disableCopyPaste"] is True
    for feature in ("enableFileCopy", "enableIpConnect", "enableKerberos", "enableShareableLink", "enableTunneling"):
        assert host.inputs[feature] is False
    assert host.inputs["sku"] == {"name": "Standard"}, "the least in which copy and paste can be turned off"
