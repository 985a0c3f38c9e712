"""Public keys: Ed25519 and ECDSA on P-256 with SHA-256 (ES256), each used with the algorithm that its entry names."""

from __future__ import annotations

import base64
import binascii
import hashlib
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pydantic import StringConstraints, model_validator
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature, SSlibKey

from approvals.canonical import Hex
from formats.input_model import Model
from formats.validation import InvalidValue

P25519 = 2**255 - 19
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER = frozenset((0, 1, P25519 - 1, _ORDER_8, P25519 - _ORDER_8))
"""The y coordinates of Ed25519's points of small order: with such a key, one signature fits many messages."""
ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the group of P-256: with r and s, r and order - s is a signature of the same message."""


class Algorithm(StrEnum):
    """The algorithms of signatures."""

    ED25519 = "ed25519"
    ES256 = "ecdsa-sha2-nistp256"


class PublicKey(Model):
    """A public key with its algorithm."""

    id: Hex
    """The SHA-256 of the key's SubjectPublicKeyInfo."""
    algorithm: Algorithm
    public: Annotated[str, StringConstraints(max_length=200)]
    """The SubjectPublicKeyInfo in DER, as base64."""

    @classmethod
    def of(cls, key: Ed25519PublicKey | EllipticCurvePublicKey) -> PublicKey:
        """Return the entry of a key."""
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        algorithm = Algorithm.ED25519 if isinstance(key, Ed25519PublicKey) else Algorithm.ES256
        return cls(id=hashlib.sha256(der).hexdigest(), algorithm=algorithm, public=base64.b64encode(der).decode())

    @model_validator(mode="after")
    def _usable(self) -> Self:
        try:
            der = decoded(self.public)
            key = load_der_public_key(der)
        except (ValueError, UnsupportedAlgorithm):
            raise InvalidValue("a SubjectPublicKeyInfo in DER, as base64", at=("public",)) from None
        if not _fits(key, self.algorithm) or key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
            raise InvalidValue(f"a key for {self.algorithm}", at=("public",), found=type(key).__name__)
        if hashlib.sha256(der).hexdigest() != self.id:
            raise InvalidValue("the SHA-256 of the key", at=("id",), found=self.id)
        return self

    @cached_property
    def _verifier(self) -> SSlibKey:
        key = load_der_public_key(decoded(self.public))
        return SSlibKey.from_crypto(key, keyid=self.id, scheme=str(self.algorithm))

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Return True if this is the key's one signature of the message."""
        if self.algorithm is Algorithm.ES256 and normalised(signature) != signature:
            return False
        try:
            self._verifier.verify_signature(Signature(self.id, signature.hex()), message)
        except UnverifiedSignatureError:
            return False
        return True


def _fits(key: object, algorithm: Algorithm) -> bool:
    """Return True for a key of the algorithm that only its holder can sign with."""
    if algorithm is Algorithm.ES256:
        return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    if not isinstance(key, Ed25519PublicKey):
        return False
    y = int.from_bytes(key.public_bytes_raw(), "little") & (2**255 - 1)
    return y < P25519 and y not in SMALL_ORDER


def normalised(signature: bytes) -> bytes | None:
    """Return the one form of an ECDSA signature: of s and order - s, the lower. None if it is not one."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return None
    if not (0 < r < ORDER_P256 and 0 < s < ORDER_P256):
        return None
    return encode_dss_signature(r, min(s, ORDER_P256 - s))


def decoded(text: str) -> bytes:
    """Return the bytes of canonical base64. `ValueError` for any other text."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if base64.b64encode(found).decode() != text:
        raise ValueError("not canonical base64")
    return found
