"""The ledger of an estate: entries on a log, with the plans beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from formats.errors import Failed, InputError
from formats.merkle_trees import WIDTH, tiles_of
from operations.ledger.entry import Entry, Kind, Result, Who, read_entry
from operations.ledger.files import FileStorage
from operations.ledger.keys import create_key, read_key
from operations.ledger.log import Log
from operations.ledger.objects import keep, kept
from operations.ledger.who import who
from operations.settings import Settings

LOCAL = "sde.local/ledger"
"""The name of the ledger of runs in the local Azure."""
_RESULT, _FINDING = b'"kind":"result"', b'"kind":"open-finding"'
_OF_A_CHANGE = (b'"kind":"intent"', _RESULT)


@dataclass
class Ledger:
    """A ledger that is open for reading, and for recording if its log has the key."""

    log: Log
    who: Who
    """Who records."""

    def record(self, *entries: Entry) -> int:
        """Append entries, all or none, and return the number of the first."""
        return self.log.append([entry.to_bytes() for entry in entries])

    def keep(self, value: Any) -> str:
        """Keep a JSON value without secrets beside the entries, and return its digest."""
        return keep(self.log.storage, value)

    def kept(self, digest: str) -> Any:
        """Return a value that was kept. `InputError` if it is missing or was changed."""
        return kept(self.log.storage, digest)

    def entries(self, first: int = 0) -> Iterator[tuple[int, Entry]]:
        """Yield the entries with their numbers. `Failed` if one cannot be read."""
        for number, content in enumerate(self.log.entries(first), first):
            yield number, self.read(number, content)

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.log.head().size

    def changes(self, first: int = 0) -> Iterator[tuple[int, Entry]]:
        """Yield the intents and results from number `first`, with their numbers. `Failed` if one cannot be read."""
        for number, content in enumerate(self.log.entries(first), first):
            if any(mark in content for mark in _OF_A_CHANGE):
                entry = self.read(number, content)
                if entry.kind in (Kind.INTENT, Kind.RESULT):
                    yield number, entry

    def changes_since(self, time: str) -> list[tuple[int, Entry]]:
        """Return the intents and their results from a time on with their numbers, in their order."""
        found = list[tuple[int, Entry]]()
        for number, entry in self._backwards(_OF_A_CHANGE):
            if entry.time < time:
                break
            if entry.kind in (Kind.INTENT, Kind.RESULT):
                found.insert(0, (number, entry))
        return found

    def unfinished(self, stacks: Collection[str]) -> Mapping[str, int]:
        """Return the last intent of each stack, by its number, if it has no result.

        Reads backwards until the last change of each stack is found.
        """
        wanted, found = set(stacks), dict[str, int]()
        for number, entry in self._backwards(_OF_A_CHANGE):
            if entry.kind is Kind.INTENT:
                found |= dict.fromkeys(wanted.intersection(entry.stacks), number)
            wanted -= set(entry.stacks)
            if not wanted:
                break
        return found

    def open_finding(self, stack: str) -> tuple[int, Entry] | None:
        """Return the open finding of a stack's last run, with its number: what it should have deleted and still exists.

        A run that ended without its result closes no finding of an earlier one.
        """
        for number, entry in self._backwards((_RESULT, _FINDING)):
            if stack in entry.stacks and entry.kind is Kind.OPEN_FINDING:
                return number, entry
            if stack in entry.stacks and entry.result is not Result.UNKNOWN:
                return None
        return None

    def last(self) -> Entry | None:
        """Return the last entry."""
        return next((entry for _, entry in self._backwards((b"",))), None)

    def intents_with(self, name: str) -> Iterator[Entry]:
        """Yield the intents that have an object of this name, the last first."""
        return self.entries_with(name, Kind.INTENT)

    def entries_with(self, name: str, kind: Kind) -> Iterator[Entry]:
        """Yield the entries of a kind that have an object of this name, the last first."""
        for _, entry in self._backwards((f'"{name}":"sha256:'.encode(),)):
            if entry.kind is kind and name in entry.objects:
                yield entry

    def _backwards(self, marks: Collection[bytes]) -> Iterator[tuple[int, Entry]]:
        """Yield the entries whose content has one of these marks, the last first."""
        for tile in reversed(list(tiles_of(None, self.log.head().size))):
            bundle = self.log.bundle(tile)
            for at in range(len(bundle) - 1, -1, -1):
                if any(mark in bundle[at] for mark in marks):
                    number = tile.number * WIDTH + at
                    yield number, self.read(number, bundle[at])

    def read(self, number: int, content: bytes) -> Entry:
        """Return an entry from its content in the log. `Failed` if it cannot be read."""
        try:
            return read_entry(content)
        except ValueError as error:
            raise Failed(f"The ledger is damaged: entry {number} {error}.\n  file:    {self.log.storage.where}\n"
                         "  fix:     scripts/sde ledger verify") from None  # fmt: skip


def open_local(settings: Settings) -> Ledger:
    """Return the ledger of this machine, with its key, which is made on first use."""
    storage = FileStorage(settings.ledger_folder)
    if not settings.ledger_key.exists() and storage.newest() is not None:
        fix = f"restore the file; or move {settings.ledger_folder} away, to begin a new ledger"
        raise InputError("The key of this machine's ledger is missing.", file=str(settings.ledger_key), fix=fix)
    passphrase = settings.ledger_passphrase()
    create_key(settings.ledger_key, passphrase)
    signer = read_key(settings.ledger_key, LOCAL, passphrase)
    return Ledger(Log(storage, signer.verifier(), signer), who())
