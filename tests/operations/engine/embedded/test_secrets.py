"""The passphrase provider, checked against an independent implementation of Pulumi's format."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InputError
from operations.engine.embedded import secrets
from operations.engine.embedded.secrets import Crypter, crypter_for
from tests.operations.engine.embedded.things import PHRASE


def by_the_specification(phrase: str, salt: bytes, nonce: bytes, text: str) -> str:
    key = hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, 1_000_000, 32)
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    sealed = encryptor.update(text.encode()) + encryptor.finalize() + encryptor.tag
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


@pytest.mark.usefixtures("real_rounds")
def test_pulumi_ciphertext_is_decrypted() -> None:
    salt = b"saltsalt"
    probe = by_the_specification(PHRASE, salt, b"n" * 12, "pulumi")
    state = f"v1:{base64.b64encode(salt).decode()}:{probe}"
    crypter = Crypter(lambda: PHRASE, state)
    assert crypter.decrypt(by_the_specification(PHRASE, salt, b"m" * 12, '"hunter2"')) == '"hunter2"'
    assert crypter.state == state


def test_a_new_state_has_eight_bytes_of_salt_and_the_probe() -> None:
    crypter = Crypter(lambda: PHRASE)
    version, salt, probe = crypter.state.split(":", 2)
    assert (version, len(base64.b64decode(salt))) == ("v1", 8)
    assert Crypter(lambda: PHRASE, crypter.state).decrypt(probe) == "pulumi"
    assert crypter.section == {"type": "passphrase", "state": {"salt": crypter.state}}


@settings(max_examples=30)
@given(st.text(max_size=60), st.text(max_size=20))
def test_encryption_round_trip(text: str, phrase: str) -> None:
    crypter = Crypter(lambda: phrase)
    assert Crypter(lambda: phrase, crypter.state).decrypt(crypter.encrypt(text)) == text


def test_equal_secrets_have_different_ciphertexts() -> None:
    crypter = Crypter(lambda: PHRASE)
    assert crypter.encrypt("x") != crypter.encrypt("x")


def test_wrong_passphrase_is_reported_and_not_shown() -> None:
    crypter = Crypter(lambda: PHRASE)
    sealed = crypter.encrypt("hunter2")
    with pytest.raises(InputError, match="passphrase is not the one") as caught:
        Crypter(lambda: "open sesame", crypter.state, file="platform.json").decrypt(sealed)
    assert caught.value.file == "platform.json"
    assert "open sesame" not in str(caught.value)


def test_an_altered_ciphertext_is_refused() -> None:
    crypter = Crypter(lambda: PHRASE)
    head, _, sealed = crypter.encrypt("hunter2").rpartition(":")
    altered = bytearray(base64.b64decode(sealed))
    altered[0] ^= 1
    with pytest.raises(InputError, match="altered"):
        crypter.decrypt(f"{head}:{base64.b64encode(altered).decode()}")


@pytest.mark.parametrize("text", ["", "v1", "v1:x", "v2:AAAA:AAAA", "v1:AAAA:A", "v1:A A:AAAA", "v1:AA:AA:AA"])
def test_a_malformed_ciphertext_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"malformed|cannot be decrypted"):
        Crypter(lambda: PHRASE).decrypt(text)


def test_passphrase_is_requested_at_the_first_secret() -> None:
    def never() -> str:
        raise AssertionError("asked")

    state = Crypter(lambda: PHRASE).state
    assert Crypter(never, state).section["state"] == {"salt": state}


def test_a_key_is_derived_once_for_a_salt(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(*args: Any) -> PBKDF2HMAC:
        calls.append(args)
        return PBKDF2HMAC(*args)

    monkeypatch.setattr(secrets, "PBKDF2HMAC", counted)
    state = Crypter(lambda: PHRASE).state
    for _ in range(3):
        Crypter(lambda: PHRASE, state).encrypt("x")
    assert len(calls) == 1


@pytest.mark.parametrize("kind", ["service", "azurekeyvault", "cloud", "awskms"])
def test_other_providers_are_refused_by_name(kind: str) -> None:
    with pytest.raises(InputError, match=f"(?s)does not support.*{kind}"):
        crypter_for({"type": kind, "state": {}}, lambda: PHRASE, file="f")


@pytest.mark.parametrize("state", [None, {}, {"salt": 5}, {"salt": "v1:x"}, "text"])
def test_a_provider_without_a_proper_salt_is_refused(state: object) -> None:
    with pytest.raises(InputError, match=r"salt"):
        crypter_for({"type": "passphrase", "state": state}, lambda: PHRASE, file="f")
