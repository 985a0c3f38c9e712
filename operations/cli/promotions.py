"""Make the evidence of promotions from a ledger that was verified whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from approvals.canonical import canonical, content_of
from approvals.promotion import Evidence, LoggedEntry
from approvals.route import EstateForTests
from approvals.versions import Promotion
from formats.errors import Failed, InputError
from formats.merkle_trees import inclusion_path, leaf_hash
from formats.plan import canonical as canonical_of_ledger
from formats.signed_notes import Checkpoint, Note, VerifierKey, read_checkpoint
from formats.stack_names import TENANCY
from operations.ledger.entry import Entry, Kind, Result
from operations.ledger.ledger import Ledger
from operations.ledger.log import Log
from operations.ledger.storage import COSIGNED, Storage
from operations.ledger.verification import verify
from operations.ledger.who import who


@dataclass(frozen=True)
class Applied:
    """A change of a tenancy that succeeded in the test estate."""

    stack: str
    intent: int
    result: int
    entry: Entry
    """The intent."""


@dataclass(frozen=True)
class ExportedLedger:
    """An exported ledger of the test estate."""

    storage: Storage
    tested_in: EstateForTests

    def verify(self) -> None:
        """Verify every file of it. `Failed` if it is not the ledger, or not whole."""
        witness = self.tested_in.witness_key
        found = verify(self.storage, self.tested_in.ledger_key, witnesses=[witness] if witness else [])
        if problem := found.first():
            raise Failed(f"The ledger of the test estate does not verify: {problem}.\n  file:    {self.storage.where}")

    @cached_property
    def applied(self) -> dict[Promotion, Applied]:
        """The last change that succeeded, of each version of a template and a catalogue."""
        found, begun = dict[Promotion, Applied](), dict[int, Entry]()
        for number, entry in self._ledger.changes():
            if number >= self._checkpoint.size:
                break
            if entry.kind is Kind.INTENT:
                begun[number] = entry
            elif entry.result is Result.SUCCEEDED and entry.of in begun:
                intent, of = begun[entry.of], entry.of
                digests, name = intent.digests, " ".join(intent.stacks)
                if name.startswith(TENANCY) and digests.template and digests.catalogue and "verdict" in intent.objects:
                    found[Promotion(digests.template, digests.catalogue)] = Applied(name, of, number, intent)
        return found

    def evidence(self, applied: Applied) -> bytes:
        """Return the file that proves a change."""
        verdict = canonical_of_ledger(self._ledger.kept(applied.entry.objects["verdict"]))
        found = Evidence(checkpoint=self._note, intent=self._logged(applied.intent),
                         result=self._logged(applied.result), verdict=verdict)  # fmt: skip
        return canonical(content_of(found)) + b"\n"

    def _logged(self, number: int) -> LoggedEntry:
        path = tuple(one.hex() for one in inclusion_path(self._leaves, number))
        return LoggedEntry(number=number, entry=self._entries[number].decode(), path=path)

    @cached_property
    def _ledger(self) -> Ledger:
        return Ledger(Log(self.storage, self.tested_in.ledger_key), who())

    @cached_property
    def _entries(self) -> list[bytes]:
        return list(self._ledger.log.entries(end=self._checkpoint.size))

    @cached_property
    def _leaves(self) -> list[bytes]:
        return [leaf_hash(one) for one in self._entries]

    @cached_property
    def _checkpoint(self) -> Checkpoint:
        return read_checkpoint(self._note.encode(), self.tested_in.ledger_key)

    @cached_property
    def _note(self) -> str:
        """The newest checkpoint; with a witness, the newest that the witness signed."""
        witness = self.tested_in.witness_key
        note = self._newest_cosigned(witness) if witness else self.storage.newest()
        if not note:
            raise InputError("The ledger of the test estate is empty.", file=self.storage.where)
        return note.decode()

    def _newest_cosigned(self, witness: VerifierKey) -> bytes | None:
        """Return the checkpoint of the largest size that a witness has signed; None if there is none."""
        names = sorted(one for one in self.storage.names() if one.startswith(f"{COSIGNED}/"))  # by their sizes
        found = (self.storage.read(name) or b"" for name in reversed(names))
        return next((one for one in found if Note.parse(one).cosigned_by(witness) is not None), None)
