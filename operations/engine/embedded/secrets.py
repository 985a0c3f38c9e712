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
import hashlib
import json
import os
import secrets as randomness
import threading
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from formats.errors import InputError
from formats.plan import SECRET

TYPE = "passphrase"
ROUNDS = 1_000_000
"""Pulumi's number; it determines the key."""
_PROBE = "pulumi"
_VARIABLE, _FILE_VARIABLE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"
_MALFORMED = "v1:<base64>:<base64>, as Pulumi writes it"

Place = tuple[str | int, ...]
"""The location of a secret: the URN, `inputs` or `outputs`, and the property path."""


@functools.cache
def _key(phrase: str, salt: bytes) -> AESGCM:
    # Takes half a second by design, so it is cached per salt. `hashlib` releases the GIL meanwhile.
    return AESGCM(hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, ROUNDS, 32))


class Crypter:
    """Encrypt and decrypt the secrets of one stack. The passphrase is requested at the first secret, not before."""

    def __init__(self, phrase: Callable[[], str], state: str | None = None, *, file: str | None = None) -> None:
        """`state` is the provider's state from a file; without it a new salt is created. `file` is for messages."""
        self._phrase, self._file = phrase, file
        self._state = state
        self._salt = _parts(state, 3, file)[0] if state is not None else b""
        self._cipher: AESGCM | None = None
        self._known: dict[tuple[Place, str], str] = {}
        self.closed = False
        """If True, `decrypt` returns the mask, and no key is derived, which takes half a second."""
        self._lock = threading.RLock()

    @property
    def state(self) -> str:
        """The provider's state: salt and encrypted probe. For a new stack this derives the key."""
        with self._lock:
            if self._state is None:
                self._salt = randomness.token_bytes(8)
                self._cipher = _key(self._phrase(), self._salt)
                salt = base64.b64encode(self._salt).decode()
                self._state = f"v1:{salt}:{_sealed(self._cipher, _PROBE)}"
            return self._state

    def provider(self) -> dict[str, Any]:
        """Return the `secrets_providers` section of a deployment."""
        return {"type": TYPE, "state": {"salt": self.state}}

    def derive_ahead(self) -> None:
        """Derive the key of an existing state in a background thread; `check` waits for it."""
        if self._state is not None:
            threading.Thread(target=self._derive_quietly, name="passphrase", daemon=True).start()

    def check(self) -> None:
        """Raise `InputError` for a wrong passphrase, also if no secret has needed it."""
        with self._lock:
            if self._state is not None:
                self._opened()

    def _derive_quietly(self) -> None:
        with contextlib.suppress(InputError):  # the later call of `check` raises it again
            self.check()

    def encrypt(self, text: str, place: Place = ()) -> str:
        """Encrypt `text`. An unchanged secret at the same place keeps its ciphertext, so that states change less.

        Ciphertexts are kept per place: the same one at two places would reveal that the secrets are equal.
        """
        with self._lock:
            known = self._known.get((place, text)) if place else None
            if known is None:
                known = _sealed(self._opened(), text)
                if place:
                    self._known[place, text] = known
            return known

    def decrypt(self, ciphertext: str, place: Place = ()) -> str:
        """Decrypt a ciphertext. `InputError` if it is malformed or was made with another key."""
        nonce, sealed = _parts(ciphertext, 2, self._file)
        if self.closed:
            return json.dumps(SECRET)
        with self._lock:
            try:
                text = self._opened().decrypt(nonce, sealed, None).decode()
            except (InvalidTag, ValueError):
                raise InputError(
                    "A secret in the state cannot be decrypted: it was altered, or encrypted with another passphrase",
                    file=self._file,
                    fix="restore the file from its .bak or from the history",
                ) from None
            if place:
                self._known[place, text] = ciphertext
            return text

    def _opened(self) -> AESGCM:
        if self._cipher is None:
            state = self.state  # sets the cipher if the state is new
            if self._cipher is None:
                self._cipher = self._checked(state)
        return self._cipher

    def _checked(self, state: str) -> AESGCM:
        cipher = _key(self._phrase(), self._salt)
        nonce, sealed = _parts(state.split(":", 2)[2], 2, self._file)
        try:
            right = cipher.decrypt(nonce, sealed, None) == _PROBE.encode()
        except (InvalidTag, ValueError):
            right = False
        if not right:
            raise InputError(
                "The passphrase is not the one that this state was encrypted with",
                file=self._file,
                fix=f"set {_VARIABLE} or {_FILE_VARIABLE} to the stack's own passphrase",
            )
        return cipher


def crypter_for(section: object, phrase: Callable[[], str], *, file: str) -> Crypter:
    """Return the crypter for a deployment's `secrets_providers`; only the passphrase provider is supported."""
    if not isinstance(section, Mapping) or not section:
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


def _sealed(cipher: AESGCM, text: str) -> str:
    nonce = os.urandom(12)
    sealed = cipher.encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


def _parts(text: str, count: int, file: str | None) -> tuple[bytes, bytes]:
    """Return the decoded fields after `v1:`. Of a provider's state (count 3) the second, the probe, is left out."""
    version, *fields = text.split(":", count - 1) if count == 3 else text.split(":")
    if version == "v1" and len(fields) == 2:
        try:
            first = base64.b64decode(fields[0], validate=True)
            return first, b"" if count == 3 else base64.b64decode(fields[1], validate=True)
        except binascii.Error:
            pass
    raise InputError("A ciphertext or salt is malformed", file=file, allowed=_MALFORMED)
