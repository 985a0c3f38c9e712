"""A witness: whoever signs, with a key of their own, that they have seen a checkpoint which extends all before it."""

from __future__ import annotations

import hashlib

from formats.errors import Refused
from operations.ledger.note import Checkpoint, SigningKey, VerifierKey
from operations.ledger.storage import COSIGNED, Storage
from operations.ledger.verification import verify


def cosign(storage: Storage, key: VerifierKey, witness: SigningKey, seen: Checkpoint | None, time: int) -> str:
    """Verify the whole ledger and sign its checkpoint. Return it with the cosignature, which is also stored.

    `seen`: the checkpoint that the witness signed last. `time`: seconds since the epoch. `Refused` if the ledger does
    not verify or does not extend what was seen: nothing is signed then.
    """
    found = verify(storage, key, seen=seen)
    if problem := found.first():
        raise Refused(f"The witness does not sign: {problem}.\n  file:    {storage.where}")
    content = storage.newest()
    if content is None:
        raise Refused(f"The ledger is empty: there is nothing to sign.\n  file:    {storage.where}")
    note = witness.cosign(content.decode(), time)
    encoded = note.encode()
    storage.create({f"{COSIGNED}/{found.checkpoint.size:012}-{hashlib.sha256(encoded).hexdigest()}": encoded})
    return note
