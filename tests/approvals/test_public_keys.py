"""Keys and signatures: one algorithm for each key, and one signature of each message."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.public_keys import P25519, SMALL_ORDER, Algorithm, PublicKey, normalised
from approvals.signers import KeySigner, read_key_file
from formats.errors import InputError
from formats.validation import validated
from tests.approvals.site import signer

PASSPHRASE = "correct horse battery"


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_verifies_its_own_signatures_alone(algorithm: Algorithm) -> None:
    one, other = signer("Ada Alder", algorithm), signer("Ben Birch", algorithm)
    signature = one.sign(b"message")
    assert one.key.verifies(b"message", signature)
    assert not one.key.verifies(b"another", signature)
    assert not other.key.verifies(b"message", signature)
    assert not signer("Ada Alder", next(each for each in Algorithm if each is not algorithm)).key.verifies(
        b"message", signature
    )
    for garbage in (b"", b"\0" * 64, signature[:-1], signature + b"\0"):
        assert not one.key.verifies(b"message", garbage)


@settings(max_examples=40)
@given(st.binary(max_size=80))
def test_an_ecdsa_signature_has_one_form(garbage: bytes) -> None:
    signature = signer("Ben Birch", Algorithm.ES256).sign(garbage)
    assert normalised(signature) == signature
    assert normalised(garbage) in (None, garbage) or not signer("Ben Birch", Algorithm.ES256).key.verifies(b"", garbage)


def entry(key: object, algorithm: str) -> dict[str, str]:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return {"id": "0" * 64, "algorithm": algorithm, "public": base64.b64encode(der).decode()}


def test_a_key_is_refused_for_the_wrong_algorithm_or_the_wrong_curve() -> None:
    ed25519, p256 = (signer("Ada Alder", each).private.public_key() for each in Algorithm)
    p384 = generate_private_key(SECP384R1()).public_key()
    for key, algorithm in ((ed25519, "ecdsa-sha2-nistp256"), (p256, "ed25519"), (p384, "ecdsa-sha2-nistp256"),
                           (ed25519, "ecdsa-sha2-nistp384"), (ed25519, "none")):  # fmt: skip
        with pytest.raises(InputError, match=r"algorithm|a key for"):
            validated(PublicKey, entry(key, algorithm), file="key")
    with pytest.raises(InputError, match="SHA-256 of the key"):
        validated(PublicKey, entry(ed25519, "ed25519"), file="key")


def test_a_key_of_small_order_is_refused() -> None:
    """With such a key, one signature fits many messages, so that its holder can deny what they signed."""
    for y in (*SMALL_ORDER, P25519, P25519 + 1):
        for sign in (0, 1 << 255):
            key = Ed25519PublicKey.from_public_bytes((y | sign).to_bytes(32, "little"))
            with pytest.raises(InputError, match="a key for ed25519"):
                validated(PublicKey, entry(key, "ed25519"), file="key")


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_file_is_read_with_its_passphrase_alone(algorithm: Algorithm, tmp_path: Path) -> None:
    file, one = tmp_path / "key.pem", signer("Ada Alder", algorithm)
    file.write_bytes(one.encrypted(PASSPHRASE))
    assert read_key_file(file, PASSPHRASE).key == one.key
    with pytest.raises(InputError, match="cannot be decrypted") as refused:
        read_key_file(file, "wrong horse battery")
    assert "battery" not in str(refused.value)
    with pytest.raises(InputError, match="too short"):
        one.encrypted("short")


def test_a_key_file_without_a_passphrase_or_with_another_kind_of_key_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be decrypted"):
        KeySigner.read(b"not a key", PASSPHRASE, where="key.pem")
    with pytest.raises(InputError, match="Ed25519, or ECDSA on P-256"):
        KeySigner.read(KeySigner(generate_private_key(SECP384R1())).encrypted(PASSPHRASE), PASSPHRASE, where="key.pem")
