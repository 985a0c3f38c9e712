"""NW9: networks encrypt, except for a written reason with a machine that cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from formats.plan import UNKNOWN
from policies.model import Verdict
from tests.policies.rules.cases import GONE, GROUP, World, changed, group, made, verdict

NET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
NIC = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic"


def world() -> World:
    where = [{"subnet": {"id": f"{NET}/subnets/desks"}}]
    return {
        "group": group("identifiable"),
        "net": replace(made("network:VirtualNetwork", "net", encryption={"enabled": True}), id=NET),
        "nic": replace(made("network:NetworkInterface", "nic", enableAcceleratedNetworking=True,
                            ipConfigurations=where), id=NIC),
        "desk": made("compute:VirtualMachine", "desk", securityProfile={"securityType": "TrustedLaunch"},
                     networkProfile={"networkInterfaces": [{"id": NIC}]}),
    }  # fmt: skip


def open_(reason: str | None = "the desk cannot") -> World:
    plain = changed(world(), "net", "encryption.enabled", False)
    return changed(plain, "net", "tags", {"unencrypted": reason} if reason is not None else {})


CONFIDENTIAL = ("desk", "securityProfile.securityType", "ConfidentialVM")
SLOW = ("nic", "enableAcceleratedNetworking", False)


def test_an_encrypted_network_passes() -> None:
    assert verdict(world(), "NW9", "net") is Verdict.PASS


@pytest.mark.parametrize("why", [CONFIDENTIAL, SLOW, ("nic", "enableAcceleratedNetworking", GONE)])
def test_a_machine_that_cannot_encrypt_needs_a_written_reason(why: tuple[str, str, object]) -> None:
    assert verdict(changed(open_(), *why), "NW9", "net") is Verdict.PASS
    assert verdict(changed(open_(None), *why), "NW9", "net") is Verdict.FAIL
    assert verdict(changed(open_(" "), *why), "NW9", "net") is Verdict.FAIL


def test_a_written_reason_alone_is_not_enough() -> None:
    assert verdict(open_(), "NW9", "net") is Verdict.FAIL


@pytest.mark.parametrize("value", [False, GONE])
def test_encryption_is_off_by_default(value: object) -> None:
    assert verdict(changed(world(), "net", "encryption.enabled", value), "NW9", "net") is Verdict.FAIL


def test_an_unknown_value_does_not_pass() -> None:
    assert verdict(changed(world(), "net", "encryption.enabled", UNKNOWN), "NW9", "net") is Verdict.UNKNOWN
    elsewhere = changed(open_(), "nic", "ipConfigurations", UNKNOWN)
    assert verdict(elsewhere, "NW9", "net") is Verdict.UNKNOWN
