"""Signed notes, checkpoints and cosignatures: c2sp.org/signed-note, /tlog-checkpoint and /tlog-cosignature.

All are Ed25519. A log's own signatures are of type 1, those of witnesses, which have a time, of type 4.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from formats.errors import NOT_SHOWN, InputError
from formats.merkle_trees import HASH

LOG, WITNESS = 1, 4
"""The types of signature."""
MAX_NOTE = 64 << 10
"""Bytes of the longest note that is read."""
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_DASH = "\N{EM DASH}"


class NotValid(ValueError):  # noqa: N818 - it says what the text is not
    """A text that is not what it should be. The message completes "the note ..."."""

    readable: Sequence[bytes] = ()
    """Of a bundle, the entries before the place where it cannot be read."""


@dataclass(frozen=True)
class VerifierKey:
    """The public half of a key, with the name of its holder."""

    name: str
    type: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that select the key in a note."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.type]) + self.public).digest()[:4]

    def __str__(self) -> str:
        key = base64.b64encode(bytes([self.type]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, text: str, *, where: str) -> VerifierKey:
        """Read `<name>+<key id>+<key>`. `InputError` names `where` the text is from."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            decoded = _base64(encoded)
            key = cls(name, decoded[0], decoded[1:])
            _public_key(key.public)
            valid = _NAME.fullmatch(name) and key.type in (LOG, WITNESS) and key.key_id.hex() == key_id
        except (ValueError, IndexError):
            valid = False
        if not valid:
            raise InputError("This is not a verifier key.", key=where, found=NOT_SHOWN,
                             allowed="<name>+<8 digits>+<base64>, as sde ledger show prints it")  # fmt: skip
        return key

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Return True if the signature of a message is this key's."""
        try:
            _public_key(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@lru_cache(maxsize=16)
def _public_key(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)


@dataclass(frozen=True)
class SigningKey:
    """A private key with the name of its holder."""

    name: str
    private: Ed25519PrivateKey

    def verifier(self, type_: int = LOG) -> VerifierKey:
        """Return the public half, as a log's key or a witness's."""
        return VerifierKey(self.name, type_, self.private.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return the note: a text with the signature of a log."""
        return f"{text}\n{self._line(LOG, self.private.sign(text.encode()))}"

    def cosign(self, note: str, time: int) -> str:
        """Return a checkpoint with the cosignature of a witness added. `time`: seconds since the epoch."""
        text = Note.parse(note.encode()).text
        return note + self._line(WITNESS, time.to_bytes(8) + self.private.sign(cosigned_message(text, time)))

    def _line(self, type_: int, signature: bytes) -> str:
        encoded = base64.b64encode(self.verifier(type_).key_id + signature).decode()
        return f"{_DASH} {self.name} {encoded}\n"


def valid_name(name: str) -> bool:
    """Return True if this can be the name of a key."""
    return _NAME.fullmatch(name) is not None


def cosigned_message(text: str, time: int) -> bytes:
    """Return what a witness signs of a checkpoint's text."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


@dataclass(frozen=True)
class Note:
    """A text with signatures: of each, the key's name, its id and the signature."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, content: bytes) -> Note:
        """Read a note. `NotValid` if it is not one."""
        try:
            whole = content.decode("utf-8")
        except UnicodeDecodeError:
            raise NotValid("is not UTF-8 text") from None
        text, mark, signatures = whole.rpartition("\n\n")
        if len(content) > MAX_NOTE or not mark or not signatures.endswith("\n"):
            raise NotValid("is not a signed note")
        if any(ord(c) < 0x20 and c != "\n" for c in whole):
            raise NotValid("has a control character")
        return cls(text + "\n", tuple(map(_signature, signatures.removesuffix("\n").split("\n"))))

    def signed_by(self, key: VerifierKey) -> bool:
        """Return True if a log's key has signed the text, and no signature with its name and id is wrong."""
        found = self._of(key)
        return bool(found) and all(key.verifies(self.text.encode(), one) for one in found)

    def cosigned_by(self, key: VerifierKey) -> int | None:
        """Return the time at which a witness has signed the text, in seconds since the epoch; None if it has not."""
        for one in self._of(key):
            time = int.from_bytes(one[:8])
            if key.verifies(cosigned_message(self.text, time), one[8:]):
                return time
        return None

    def _of(self, key: VerifierKey) -> list[bytes]:
        return [one for name, key_id, one in self.signatures if (name, key_id) == (key.name, key.key_id)]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    decoded = _base64(encoded)
    if dash != _DASH or not _NAME.fullmatch(name) or len(decoded) < 5:
        raise NotValid("has a line that is not a signature")
    return name, decoded[:4], decoded[4:]


def _base64(text: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        raise NotValid("has a signature that is not base64") from None
    if base64.b64encode(decoded).decode() != text:
        raise NotValid("has a signature that is not canonical base64")
    return decoded


@dataclass(frozen=True)
class Checkpoint:
    """The size and the root of a log."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note's text. `NotValid` if it is not a checkpoint of three lines."""
        lines = text.split("\n")
        if len(lines) != 4 or not _SIZE.fullmatch(lines[1]):
            raise NotValid("is not a checkpoint")
        found = cls(lines[0], int(lines[1]), _base64(lines[2]))
        if len(found.root) != HASH:
            raise NotValid("has a root that is not a hash")
        return found


def read_checkpoint(content: bytes, key: VerifierKey) -> Checkpoint:
    """Return a checkpoint that a log's key has signed. `NotValid` otherwise."""
    note = Note.parse(content)
    found = Checkpoint.parse(note.text)
    if found.origin != key.name:
        raise NotValid(f"is of another log, {found.origin}")
    if not note.signed_by(key):
        raise NotValid("is not signed with the log's key")
    return found
