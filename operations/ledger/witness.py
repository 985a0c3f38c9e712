"""A witness: whoever signs, with a key of their own, that they have seen a checkpoint which extends all before it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from formats.errors import InputError, Refused
from formats.signed_notes import (
    MAX_NOTE,
    Checkpoint,
    Note,
    NotValid,
    SigningKey,
    VerifierKey,
    read_checkpoint,
    valid_name,
)
from operations.ledger.keys import create_key, read_key
from operations.ledger.storage import COSIGNED, Storage
from operations.ledger.verification import verify
from operations.settings import write_whole


@dataclass(frozen=True)
class WitnessRecord:
    """The checkpoint that a witness signed last, in the witness's own file."""

    file: Path

    def read(self, key: VerifierKey, *, first: bool) -> Checkpoint | None:
        """Return the checkpoint; None if the witness says that there is none yet. `InputError` otherwise."""
        if first and self.file.exists():
            raise InputError("The witness has signed before.", file=str(self.file), fix="leave --first out")
        if first:
            return None
        try:
            with self.file.open("rb") as stream:
                return read_checkpoint(stream.read(MAX_NOTE + 1), key)
        except OSError as error:
            fix = "restore the file; add --first only if the witness has never signed"
            raise InputError("What the witness signed last cannot be read.", file=str(self.file),
                             found=error.strerror, fix=fix) from None  # fmt: skip
        except NotValid as error:
            raise InputError(f"What the witness signed last {error}.", file=str(self.file),
                             fix="restore the file, and check the ledger's key") from None  # fmt: skip

    def write(self, note: str) -> None:
        """Keep a signed checkpoint."""
        try:
            write_whole(self.file, note, mode=0o600)
        except OSError as error:
            raise InputError("The witness's record cannot be written.", file=str(self.file),
                             found=error.strerror) from None  # fmt: skip


def witness_key(file: Path, name: str, passphrase: str | None, *, create: bool) -> SigningKey:
    """Return a witness's key, made if there is none and `create` is given. `InputError` if it cannot be used."""
    if not valid_name(name):
        raise InputError("This is not the name of a key.", key="--name", found=name,
                         allowed="a URL without its scheme, such as audit.example.nhs.uk/ledger")  # fmt: skip
    if not passphrase:
        raise InputError("The witness's key needs a passphrase.", key="SDE_WITNESS_PASSPHRASE",
                         fix="set it to the passphrase of the key")  # fmt: skip
    if create:
        create_key(file, passphrase)
    return read_key(file, name, passphrase)


def cosign(
    storage: Storage,
    key: VerifierKey,
    witness: SigningKey,
    *,
    seen: Checkpoint | None,
    time: int,
    record: WitnessRecord | None = None,
) -> str:
    """Verify the whole ledger and sign its checkpoint. Return it with the cosignature.

    `seen`: the checkpoint that the witness signed last. `time`: seconds since the epoch. The checkpoint is kept in the
    record before it is shown to anyone. `Refused` if the ledger does not verify or does not extend what was seen.
    """
    found = verify(storage, key, seen=seen)
    if problem := found.first():
        raise Refused(f"The witness does not sign: {problem}.\n  file:    {storage.where}")
    content = storage.newest()
    if content is None:
        raise Refused(f"The ledger is empty: there is nothing to sign.\n  file:    {storage.where}")
    note = witness.cosign(content.decode(), time)
    if record:
        record.write(note)
    return note


def store_cosigned(storage: Storage, note: str) -> None:
    """Store a checkpoint with a cosignature in the ledger, where others find it."""
    encoded = note.encode()
    size = Checkpoint.parse(Note.parse(encoded).text).size
    storage.create({f"{COSIGNED}/{size:012}-{hashlib.sha256(encoded).hexdigest()}": encoded})
