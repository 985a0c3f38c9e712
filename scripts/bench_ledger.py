"""How fast a ledger in a folder appends and verifies, on this machine's disk. `scripts/bench` runs it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from formats.signed_notes import SigningKey
from operations.ledger.entry import Entry, Kind, Who
from operations.ledger.files import FileStorage
from operations.ledger.log import Log
from operations.ledger.verification import verify

ALONE, TOGETHER, VERIFIED = 20, 100, 10_000
Line = tuple[str, float, str]
"""What was measured, the seconds, and the budget."""


def ledger(runs: int) -> Iterator[Line]:
    """Entries of the usual size: one append after the other, in groups, and the verification of 10,000."""
    key = SigningKey("sde.bench/ledger", Ed25519PrivateKey.generate())
    with tempfile.TemporaryDirectory(prefix="sde-bench-") as folder:
        log = Log(FileStorage(Path(folder) / "log"), key.verifier(), key)
        alone = [_seconds(log, [_entry(number)]) for number in range(ALONE)]
        yield "ledger: one append, durable on return", statistics.median(alone), ""
        groups = [_seconds(log, [_entry(n) for n in range(TOGETHER)]) for _ in range(VERIFIED // TOGETHER)]
        yield f"ledger: 1,000 appends in groups of {TOGETHER}", statistics.median(groups) * 1000 / TOGETHER, "1 s"
        size = log.head().size
        yield f"ledger: verify {size:,} entries", statistics.median(_verified(log) for _ in range(runs)), "5 s"


def _entry(number: int) -> bytes:
    digest = "sha256:" + "a" * 64
    who = Who(kind="operating-system-user", id="ann", host="build-1")
    return Entry(
        kind=Kind.REFUSAL,
        time="2026-11-30T09:00:00Z",
        run="r" * 32,
        command="up",
        version="0.1.0",
        stacks=("tre-hcm-progression",),
        who=who,
        state=digest,
        reason=f"number {number}",
    ).to_bytes()


def _seconds(log: Log, entries: Sequence[bytes]) -> float:
    began = time.perf_counter()
    log.append(entries)
    return time.perf_counter() - began


def _verified(log: Log) -> float:
    began = time.perf_counter()
    if problem := verify(log.storage, log.key).first():
        raise SystemExit(f"the ledger does not verify: {problem}")
    return time.perf_counter() - began
