"""Signed documents: DSSE envelopes with in-toto statements.

Sources: https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md and
https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from securesystemslib.dsse import Envelope

from approvals.canonical import Hex, canonical, content_of, digest_of_bytes, read_canonical
from approvals.public_keys import PublicKey, decoded
from formats.errors import InputError
from formats.input_model import Line, Model

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
MAX_SIGNATURES = 20
P = TypeVar("P", bound=BaseModel)


class Signer(Protocol):
    """A private key."""

    @property
    def key(self) -> PublicKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, in the one form that `PublicKey.verifies` accepts."""


class _Signature(Model):
    keyid: Hex
    sig: Annotated[str, Field(max_length=200)]


class _Envelope(Model):
    payload: Annotated[str, Field(max_length=256 << 10)]
    payload_type: Literal["application/vnd.in-toto+json"] = Field(alias="payloadType")
    signatures: Annotated[tuple[_Signature, ...], Field(min_length=1, max_length=MAX_SIGNATURES)]


@dataclass(frozen=True)
class Signed:
    """The bytes of a statement, with signatures by the id of their key. Nothing of it is verified yet."""

    payload: bytes
    signatures: Mapping[str, bytes]

    @cached_property
    def digest(self) -> str:
        """The digest of the statement, which is the same whoever signs."""
        return digest_of_bytes(self.payload)

    @classmethod
    def read(cls, content: bytes, *, file: str) -> Signed:
        """Read an envelope. `InputError` for one in another form than `to_bytes` writes."""
        found = read_canonical(_Envelope, content.removesuffix(b"\n"), file=file)
        ids = [one.keyid for one in found.signatures]
        if ids != sorted(set(ids)):
            raise InputError("The signatures are not in the order of their keys, each once.", file=file)
        try:
            return cls(decoded(found.payload), {one.keyid: decoded(one.sig) for one in found.signatures})
        except ValueError:
            raise InputError("The envelope has text that is not canonical base64.", file=file) from None

    def to_bytes(self) -> bytes:
        """Return the envelope as canonical JSON, on one line."""
        signatures = [
            {"keyid": key, "sig": base64.b64encode(self.signatures[key]).decode()} for key in sorted(self.signatures)
        ]
        payload = base64.b64encode(self.payload).decode()
        return canonical({"payload": payload, "payloadType": PAYLOAD_TYPE, "signatures": signatures}) + b"\n"

    def signed_by(self, key: PublicKey) -> bool:
        """Return True if the key has signed the statement."""
        return key.id in self.signatures and key.verifies(self._message, self.signatures[key.id])

    def with_signature(self, signer: Signer) -> Signed:
        """Return the document with one signature more."""
        return Signed(self.payload, {**self.signatures, signer.key.id: signer.sign(self._message)})

    @property
    def _message(self) -> bytes:
        return Envelope(self.payload, PAYLOAD_TYPE, {}).pae()


class _Digests(Model):
    sha256: Hex


class Subject(Model):
    """The subject of a statement: a name, and the digest of its content."""

    name: Line
    digest: _Digests

    @property
    def content(self) -> str:
        """The digest with its algorithm."""
        return f"sha256:{self.digest.sha256}"


class _Statement(BaseModel, Generic[P]):
    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Annotated[tuple[Subject, ...], Field(min_length=1, max_length=1)]
    predicate_type: str = Field(alias="predicateType")
    predicate: P


def statement(name: str, digest: str, predicate_type: str, predicate: BaseModel) -> Signed:
    """Return a statement about one subject, not signed yet."""
    content: dict[str, Any] = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": predicate_type,
        "predicate": content_of(predicate),
    }
    return Signed(canonical(content), {})


def read_statement(signed: Signed, predicate_type: str, model: type[P], *, file: str) -> tuple[Subject, P]:
    """Return the subject and the predicate of a statement of this type. `InputError` for any other."""
    found = read_canonical(_Statement[model], signed.payload, file=file)  # type: ignore[valid-type]
    if found.predicate_type != predicate_type:
        raise InputError("This is a statement of another kind.", file=file, key="predicateType",
                         found=found.predicate_type, allowed=predicate_type)  # fmt: skip
    return found.subject[0], found.predicate
