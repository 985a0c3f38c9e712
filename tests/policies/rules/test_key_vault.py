"""Rules for key vaults, keys, secrets and random values."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from formats.plan import SECRET, UNKNOWN
from policies.model import Verdict
from policies.rule_helpers.durations import iso_days, timespan_days
from tests.policies.rules.cases import (
    GONE,
    TODAY,
    World,
    changed,
    findings,
    group,
    made,
    verdict,
    without,
)  # fmt: skip

VAULT = "Microsoft.KeyVault/vaults/kv-heart"
ATTESTER = "https://shareduks.uks.attest.azure.net/"
CLAIM = {"claim": "x-ms-compliance-status", "equals": "azure-compliant-cvm"}
HARDWARE = {"anyOf": [{"claim": "x-ms-attestation-type", "equals": type_} for type_ in ("tdxvm", "sevsnpvm")]}
DEBUGGED = {"claim": "x-ms-sevsnpvm-is-debuggable", "equals": "true"}
NEXT_YEAR = int(datetime(TODAY.year + 1, 11, 1, tzinfo=UTC).timestamp())


def encoded(policy: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(policy).encode()).decode().rstrip("=")


RELEASE = encoded({"version": "1.0.0", "anyOf": [{"authority": ATTESTER, "allOf": [HARDWARE, CLAIM]}]})


def vault() -> dict[str, object]:
    return {
        "enableSoftDelete": True,
        "enablePurgeProtection": True,
        "softDeleteRetentionInDays": 90,
        "enableRbacAuthorization": True,
        "publicNetworkAccess": "Disabled",
        "networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices", "ipRules": []},
        "sku": {"family": "A", "name": "premium"},
    }


def key() -> dict[str, object]:
    actions = [
        {"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": "P11M"}},
        {"action": {"type": "notify"}, "trigger": {"timeBeforeExpiry": "P30D"}},
    ]
    return {
        "kty": "RSA-HSM",
        "keySize": 3072,
        "keyOps": ["wrapKey", "unwrapKey"],
        "attributes": {"enabled": True, "exportable": False},
        "rotationPolicy": {"attributes": {"expiryTime": "P1Y"}, "lifetimeActions": actions},
    }


def world(data_class: str = "identifiable") -> World:
    released = {**key(), "attributes": {"exportable": True}, "releasePolicy": {"data": RELEASE}}
    del released["rotationPolicy"]
    return {
        "group": group(data_class),
        "vault": made("keyvault:Vault", "vault", VAULT, vaultName="kv-heart", properties=vault()),
        "key": made("keyvault:Key", "key", f"{VAULT}/keys/key", keyName="key", properties=key()),
        "released": made("keyvault:Key", "released", f"{VAULT}/keys/released", properties=released),
        "secret": made("keyvault:Secret", "secret", f"{VAULT}/secrets/secret",
                       properties={"value": SECRET, "attributes": {"expires": NEXT_YEAR}}),
        "drawn": replace(made("drawn", "drawn", length=32), type="random:index/randomBytes:RandomBytes"),
    }  # fmt: skip


P = "properties"
WEAK: dict[str, list[tuple[str, str, tuple[object, ...]]]] = {
    "KV1": [
        ("vault", f"{P}.enableSoftDelete", (False,)),
        ("vault", f"{P}.enablePurgeProtection", (False, GONE)),
        ("vault", f"{P}.softDeleteRetentionInDays", (7, 89, GONE)),
    ],
    "KV2": [
        ("vault", f"{P}.enableRbacAuthorization", (False, GONE)),
        ("vault", f"{P}.accessPolicies", ([{"objectId": "somebody"}],)),
    ],
    "KV3": [
        ("vault", f"{P}.publicNetworkAccess", ("Enabled", GONE)),
        ("vault", f"{P}.networkAcls", (GONE,)),
        ("vault", f"{P}.networkAcls.defaultAction", ("Allow", GONE)),
        ("vault", f"{P}.networkAcls.ipRules", ([{"value": "20.0.0.0/8"}],)),
        ("vault", f"{P}.networkAcls.virtualNetworkRules", ([{"id": "/x"}],)),
    ],
    "KV4": [
        ("key", f"{P}.rotationPolicy", (GONE,)),
        ("key", f"{P}.rotationPolicy.attributes", (GONE,)),
        ("key", f"{P}.rotationPolicy.attributes.expiryTime", ("P2Y", "P10Y", "a year", "", GONE)),
        ("key", f"{P}.rotationPolicy.lifetimeActions", ([], GONE)),
        ("key", f"{P}.rotationPolicy.lifetimeActions[0].action.type", ("notify", GONE)),
        ("key", f"{P}.rotationPolicy.lifetimeActions[0].trigger.timeAfterCreate", ("P9Y", "P1Y", GONE)),
    ],
    "KV5": [
        ("key", f"{P}.kty", ("RSA", "EC", GONE)),
        ("vault", f"{P}.sku.name", ("standard", GONE)),
    ],
    "KV6": [("secret", f"{P}.attributes.expires", (4102444800, 0, -1, True, "2027", GONE))],
    "KV7": [
        ("vault", f"{P}.enabledForDeployment", (True,)),
        ("vault", f"{P}.enabledForTemplateDeployment", (True, "true")),
        ("vault", f"{P}.enabledForDiskEncryption", (True,)),
    ],
    "KV8": [
        ("key", f"{P}.attributes.exportable", (True, "true")),
        ("released", f"{P}.releasePolicy", (GONE,)),
        ("released", f"{P}.releasePolicy.data", (
            "", "not base64!", "[", "[" * 9000, encoded([]), encoded({"anyOf": []}),
            encoded({"anyOf": [{"authority": ATTESTER}]}),
            *(encoded({"anyOf": [{"authority": ATTESTER, "allOf": claims}]}) for claims in (
                [], [CLAIM], [HARDWARE], [CLAIM, HARDWARE, DEBUGGED], [CLAIM, {"anyOf": [CLAIM, *HARDWARE["anyOf"]]}],
            )),
            encoded({"anyOf": [{"authority": ATTESTER, "anyOf": [CLAIM, HARDWARE]}]}),
            encoded({"anyOf": [{"authority": ATTESTER, "allOf": [CLAIM, HARDWARE], "anyOf": [CLAIM]}]}),
            *(encoded({"anyOf": [{"authority": authority, "allOf": [CLAIM, HARDWARE]}]}) for authority in (
                "https://attest.example.org/", "https://evil.uks.attest.azure.net", "https://x.attest.azure.net/",
                "https://sharedeus.eus.attest.azure.net", "https://evil.com/a.attest.azure.net",
            )),
            encoded({"anyOf": [{"authority": ATTESTER, "allOf": [CLAIM, HARDWARE]},
                               {"authority": "https://x.evil.net"}]}),
        )),
    ],
    "KV9": [
        ("key", f"{P}.kty", ("EC-SM2", GONE)),
        ("key", f"{P}.keySize", (2048, "3072", GONE)),
    ],
    "KV10": [("key", f"{P}.keyOps", ([], ["wrapKey", "sign"], ["import"], ["encrypt", "unwrapKey"], GONE))],
    "KV11": [("secret", f"{P}.value", ("in plain sight", ""))],
    "KV12": [("drawn", "length", (8, 31, "32", GONE))],
}  # fmt: skip


class TestDataClasses:
    @pytest.mark.parametrize(("policy", "name", "path", "value", "enough_for"), [
        ("KV1", "vault", f"{P}.softDeleteRetentionInDays", 7, ["synthetic"]),
        ("KV4", "key", f"{P}.rotationPolicy.attributes.expiryTime", "P2Y", ["synthetic", "de-identified"]),
        ("KV4", "key", f"{P}.rotationPolicy.attributes.expiryTime", "P3Y", ["synthetic"]),
        ("KV5", "key", f"{P}.kty", "RSA", ["synthetic", "de-identified"]),
        ("KV5", "vault", f"{P}.sku.name", "standard", ["synthetic"]),
        ("KV9", "key", f"{P}.keySize", 2048, ["synthetic", "de-identified"]),
    ])  # fmt: skip
    def test_strictness_follows_them(
        self, policy: str, name: str, path: str, value: object, enough_for: list[str]
    ) -> None:
        for data_class in ("synthetic", "de-identified", "identifiable"):
            refused = verdict(changed(world(data_class), name, path, value), policy, name) is Verdict.FAIL
            assert refused is (data_class not in enough_for), data_class

    def test_the_strictest_holds_where_nobody_says(self) -> None:
        untagged = without(changed(world(), "key", f"{P}.kty", "RSA"), "group")
        assert verdict(untagged, "KV5", "key") is Verdict.FAIL

    def test_a_class_that_is_not_known_yet_passes_nothing(self) -> None:
        assert verdict(changed(world(), "key", "tags", UNKNOWN), "KV5", "key") is Verdict.UNKNOWN


class TestReleasedKeys:
    def test_they_do_not_rotate_by_themselves(self) -> None:
        assert verdict(world(), "KV4", "released") is Verdict.PASS
        rotates = changed(world(), "released", f"{P}.rotationPolicy", key()["rotationPolicy"])
        assert verdict(rotates, "KV4", "released") is Verdict.FAIL
        unclear = changed(world(), "released", f"{P}.rotationPolicy", UNKNOWN)
        assert verdict(unclear, "KV4", "released") is Verdict.UNKNOWN

    def test_a_policy_alone_is_no_excuse_for_a_key_that_stays(self) -> None:
        stays = changed(world(), "released", f"{P}.attributes.exportable", False)
        assert verdict(stays, "KV4", "released") is Verdict.FAIL

    def test_a_policy_may_stand_as_it_is_read(self) -> None:
        plain = json.dumps({"anyOf": [{"authority": ATTESTER, "allOf": [CLAIM, HARDWARE]}]})
        assert (
            verdict(changed(world(), "released", f"{P}.releasePolicy.data", plain), "KV8", "released") is Verdict.PASS
        )


class TestRotation:
    ACTION = f"{P}.rotationPolicy.lifetimeActions[0]"

    def test_before_expiry_is_as_good_as_after_creation(self) -> None:
        before = changed(world(), "key", f"{self.ACTION}.trigger", {"timeBeforeExpiry": "P30D"})
        assert verdict(before, "KV4", "key") is Verdict.PASS

    def test_longer_before_expiry_than_it_lives_is_never(self) -> None:
        before = changed(world(), "key", f"{self.ACTION}.trigger", {"timeBeforeExpiry": "P2Y"})
        assert verdict(before, "KV4", "key") is Verdict.FAIL


def test_elliptic_curves_and_aes_have_sizes_of_their_own() -> None:
    curve = changed(changed(world(), "key", f"{P}.kty", "EC-HSM"), "key", f"{P}.curveName", "P-384")
    assert verdict(curve, "KV9", "key") is Verdict.PASS
    assert verdict(changed(curve, "key", f"{P}.curveName", "P-256K"), "KV9", "key") is Verdict.FAIL
    aes = changed(world(), "key", f"{P}.kty", "oct-HSM")
    assert verdict(changed(aes, "key", f"{P}.keySize", 256), "KV9", "key") is Verdict.PASS
    assert verdict(changed(aes, "key", f"{P}.keySize", 128), "KV9", "key") is Verdict.FAIL


def test_separate_access_policies_are_refused() -> None:
    there = world() | {"there": made("keyvault:AccessPolicy", "there", f"{VAULT}/accessPolicy/x")}
    assert verdict(there, "KV2", "there") is Verdict.FAIL


def test_a_managed_hsm_is_checked_like_a_vault() -> None:
    module = made("keyvault:ManagedHsm", "hsm", properties=vault())
    assert verdict(world() | {"hsm": module}, "KV3", "hsm") is Verdict.PASS
    bare = made("keyvault:ManagedHsm", "hsm", properties={})
    assert {verdict(world() | {"hsm": bare}, policy, "hsm") for policy in ("KV1", "KV3")} == {Verdict.FAIL}


def test_an_unknown_secret_passes() -> None:
    assert verdict(changed(world(), "secret", f"{P}.value", UNKNOWN), "KV11", "secret") is Verdict.PASS


def test_no_message_contains_a_secret() -> None:
    (said,) = findings(changed(world(), "secret", f"{P}.value", "hunter2-and-more"), "KV11", "secret")
    assert "hunter2" not in said.message


@pytest.mark.parametrize(("text", "days"), [
    ("P1Y", 365), ("P11M", 330), ("P1Y2M", 425), ("P2W", 14), ("P1DT12H", 1.5), ("P", None), ("PT", None), ("P1", None),
    ("1Y", None), ("P0D", None), (365, None), (None, None), ("P" + "9" * 40 + "Y", None),
])  # fmt: skip
def test_iso_durations(text: object, days: float | None) -> None:
    assert iso_days(text) == days


@pytest.mark.parametrize(("text", "days"), [
    ("1.00:00:00", 1), ("0.12:00:00", 0.5), ("06:00:00", 0.25), ("1", None), ("", None), ("00:00:00", None),
])  # fmt: skip
def test_time_spans(text: object, days: float | None) -> None:
    assert timespan_days(text) == days
