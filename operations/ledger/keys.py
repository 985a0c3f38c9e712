"""The keys of ledgers and witnesses: Ed25519 in PKCS#8, encrypted with a passphrase."""

from __future__ import annotations

import contextlib
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from formats.errors import InputError
from formats.signed_notes import SigningKey
from operations.settings import write_new

MAX_PEM = 16 << 10


def read_key(file: Path, name: str, passphrase: str) -> SigningKey:
    """Return the key in a file. `InputError` if there is none, or if the passphrase is not its own."""
    try:
        with file.open("rb") as stream:
            pem = stream.read(MAX_PEM + 1)
    except OSError as error:
        raise InputError("The key cannot be read.", file=str(file), found=error.strerror) from None
    return key_of(pem, name, passphrase, where=str(file))


def key_of(pem: bytes, name: str, passphrase: str | None, *, where: str) -> SigningKey:
    """Return the key in a PEM text, encrypted if there is a passphrase. `where` names its place in the `InputError`."""
    try:
        private = load_pem_private_key(pem, passphrase.encode() if passphrase is not None else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError("The key cannot be decrypted.", file=where, allowed="Ed25519 in PKCS#8",
                         fix="check the file and its passphrase") from None  # fmt: skip
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError("This key is not Ed25519.", file=where, found=type(private).__name__)
    return SigningKey(name, private)


def create_key(file: Path, passphrase: str) -> None:
    """Write a new key, if there is no file. Of two processes at once, both then read that of the first."""
    if not file.exists():
        with contextlib.suppress(FileExistsError):
            _write(file, Ed25519PrivateKey.generate(), BestAvailableEncryption(passphrase.encode()))


def create_plain_key(file: Path, name: str) -> SigningKey:
    """Write a new key that is not encrypted, for a key vault, and return it. `InputError` if there is a file."""
    key = SigningKey(name, Ed25519PrivateKey.generate())
    try:
        _write(file, key.private, NoEncryption())
    except OSError as error:
        raise InputError("The key cannot be written.", file=str(file), found=error.strerror) from None
    return key


def _write(file: Path, key: Ed25519PrivateKey, encryption: KeySerializationEncryption) -> None:
    """Write a key to a new file. `FileExistsError` if there is a file."""
    write_new(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
