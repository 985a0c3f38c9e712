"""Pulumi's passphrase secrets provider, in a compatible implementation.

A key is derived from the passphrase by PBKDF2-HMAC-SHA256, a million rounds over an 8-byte salt; values are encrypted
with AES-256-GCM and written as `v1:base64(nonce):base64(text and tag)`. The provider's state is `v1:base64(salt):` and
the encrypted word `pulumi`, which detects a wrong passphrase. `Pulumi.<stack>.yaml` has it as `encryptionsalt`.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from formats.errors import InputError

TYPE = "passphrase"
ROUNDS = 1_000_000
"""Pulumi's number; it determines the key."""
_PROBE = "pulumi"
_VARIABLE, _FILE_VARIABLE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"


@functools.cache
def _key(phrase: str, salt: bytes) -> AESGCM:
    # Slow by design, so it is cached per salt. `cryptography` takes half the time of `hashlib`; both release the GIL.
    return AESGCM(PBKDF2HMAC(SHA256(), 32, salt, ROUNDS).derive(phrase.encode()))


class Crypter:
    """Encrypt and decrypt the secrets of one stack. The passphrase is requested at the first secret, not before."""

    def __init__(self, phrase: Callable[[], str], state: str | None = None, *, file: str | None = None) -> None:
        """`state` is the provider's state from a file; without it a new salt is created. `file` is for messages."""
        self._phrase, self._file, self._state = phrase, file, state
        self._salt = os.urandom(8) if state is None else self._parts(state)[0]

    @property
    def state(self) -> str:
        """The provider's state: salt and encrypted probe. For a new stack this derives the key."""
        if self._state is None:
            probe = _encrypted(_key(self._phrase(), self._salt), _PROBE)
            self._state = f"v1:{base64.b64encode(self._salt).decode()}:{probe}"
        return self._state

    @property
    def section(self) -> dict[str, Any]:
        """The `secrets_providers` section of a deployment."""
        return {"type": TYPE, "state": {"salt": self.state}}

    def check(self) -> None:
        """Raise `InputError` for a wrong passphrase, also if no secret has needed it."""
        if self._state is not None:
            _ = self._cipher

    def encrypt(self, text: str) -> str:
        """Return the ciphertext of a text."""
        return _encrypted(self._cipher, text)

    def decrypt(self, ciphertext: str) -> str:
        """Decrypt a ciphertext. `InputError` if it is malformed or was made with another key."""
        text = self._decrypted(self._cipher, ciphertext)
        if text is None:
            raise InputError(
                "A secret in the state cannot be decrypted: it was altered, or encrypted with another passphrase",
                file=self._file,
                fix="restore the file from its .bak or from the history",
            )
        return text

    @functools.cached_property
    def _cipher(self) -> AESGCM:
        cipher = _key(self._phrase(), self._salt)
        if self._decrypted(cipher, self._parts(self.state)[1]) != _PROBE:
            raise InputError(
                "The passphrase is not the one that this state was encrypted with",
                file=self._file,
                fix=f"set {_VARIABLE} or {_FILE_VARIABLE} to the stack's own passphrase",
            )
        return cipher

    def _decrypted(self, cipher: AESGCM, ciphertext: str) -> str | None:
        nonce, encrypted = self._parts(ciphertext)
        try:
            return cipher.decrypt(nonce, base64.b64decode(encrypted, validate=True), None).decode()
        except (InvalidTag, ValueError):
            return None

    def _parts(self, text: str) -> tuple[bytes, str]:
        """Return the decoded first field after `v1:`, and the rest."""
        version, _, fields = text.partition(":")
        first, separator, rest = fields.partition(":")
        with contextlib.suppress(binascii.Error):
            if version == "v1" and separator:
                return base64.b64decode(first, validate=True), rest
        allowed = "v1:<base64>:<base64>, as Pulumi writes it"
        raise InputError("A ciphertext or salt is malformed", file=self._file, allowed=allowed)


def crypter_for(section: Mapping[str, Any], phrase: Callable[[], str], *, file: str) -> Crypter:
    """Return the crypter for a deployment's `secrets_providers`; only the passphrase provider is supported."""
    if not section:
        return Crypter(phrase, file=file)
    kind, state = section.get("type"), section.get("state")
    if kind not in (TYPE, "", None):
        raise InputError(
            "The state uses a secrets provider that the embedded engine does not support",
            file=file,
            key="secrets_providers.type",
            found=kind,
            allowed=TYPE,
            fix="run this stack with the Pulumi command line (--engine pulumi)",
        )
    salt = state.get("salt") if isinstance(state, Mapping) else None
    if kind and not isinstance(salt, str):
        raise InputError("The state has no salt", file=file, key="secrets_providers.state.salt", found=salt)
    return Crypter(phrase, salt, file=file)


def _encrypted(cipher: AESGCM, text: str) -> str:
    nonce = os.urandom(12)
    encrypted = cipher.encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(encrypted).decode()}"
