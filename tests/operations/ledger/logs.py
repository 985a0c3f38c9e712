"""Logs of entries for tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from formats.signed_notes import SigningKey
from operations.ledger.entry import Entry, Kind, Result, Who
from operations.ledger.files import FileStorage
from operations.ledger.ledger import Ledger
from operations.ledger.log import Log
from operations.ledger.storage import checkpoint_name

ORIGIN = "sde.test/ledger"
KEY = SigningKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = SigningKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
WITNESS = SigningKey("auditor.test/w1", Ed25519PrivateKey.from_private_bytes(bytes([7] * 32)))
WHO = Who(kind="operating-system-user", id="ann", host="build-1")


@dataclass
class MemoryStorage:
    """Objects in memory, each written once."""

    objects: dict[str, bytes] = field(default_factory=dict)
    checkpoint: bytes | None = None
    where: str = "memory"

    def read(self, name: str) -> bytes | None:
        return self.objects.get(name)

    def create(self, objects: Mapping[str, bytes]) -> set[str]:
        taken = self.objects.keys() & objects.keys()
        self.objects = {**objects, **self.objects}
        return taken

    def names(self) -> Iterator[str]:
        yield from sorted(self.objects)

    def newest(self) -> bytes | None:
        return self.checkpoint

    def publish(self, size: int, checkpoint: bytes) -> None:
        self.create({checkpoint_name(size): checkpoint})
        self.checkpoint = checkpoint

    def exclusive(self) -> AbstractContextManager[None]:
        return nullcontext()


def entry(kind: Kind = Kind.REFUSAL, **more: object) -> Entry:
    common = {"time": "2026-11-30T09:00:00Z", "run": "r1", "command": "up", "version": "0.1.0", "who": WHO}
    return Entry.model_validate({"kind": kind, **common, **more})


def intent(stack: str, before: str | None = None) -> Entry:
    return entry(Kind.INTENT, stacks=[stack], state_before=before)


def result(stack: str, of: int, state: str | None, result: Result = Result.SUCCEEDED) -> Entry:
    return entry(Kind.RESULT, stacks=[stack], of=of, state=state, result=result)


def numbered(count: int, first: int = 0) -> list[bytes]:
    """Return distinct entries."""
    return [entry(reason=f"number {i}").to_bytes() for i in range(first, first + count)]


def log_in(folder: Path, key: SigningKey = KEY) -> Log:
    return Log(FileStorage(folder), key.verifier(), key)


def make_log(folder: Path, batches: Iterable[int]) -> Log:
    """Make a log in a folder, with one append for each batch."""
    log, first = log_in(folder), 0
    for count in batches:
        log.append(numbered(count, first))
        first += count
    return log


def memory_ledger() -> Ledger:
    return Ledger(Log(MemoryStorage(), KEY.verifier(), KEY), WHO)
