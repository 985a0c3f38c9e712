"""The record of the writes to a busy Azure, in the store: several processes may write at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from local_azure.load.writes import Written
from local_azure.store import Store, key_of


@dataclass(frozen=True)
class OpenWrite:
    """An earlier write to the same resource: the resource, the error code of a second write, and its step."""

    id: str
    code: str
    step: str = ""


class WriteRecord:
    """The writes by run. The run of engines that make requests at the same time is empty, and its times are real."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, run: str, step: str, own: str, written: Iterable[Written], during: tuple[float, float]) -> None:
        """Record a write to its own resource and to others, from start to end."""
        rows = [(run, step, key_of(own), "", True, *during)]
        rows += [(run, step, one.id, one.code, one.shared, *during) for one in written]
        with self._store.transaction():
            for row in rows:
                self._store.query("INSERT INTO write VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def remove(self, run: str, step: str) -> None:
        """Remove a write that was refused."""
        self._store.query("DELETE FROM write WHERE run = ? AND step = ?", (run, step))

    def open_at(self, now: float, written: Iterable[Written]) -> OpenWrite | None:
        """Return a write that has not ended and excludes one of these."""
        self._store.query("DELETE FROM write WHERE run = '' AND end < ?", (now - 60.0,))
        return next((found for one in written for found in self._others("", one, now)), None)

    def of_run(self, run: str, written: Iterable[Written]) -> list[OpenWrite]:
        """Return the writes of a run that exclude one of these."""
        return [found for one in written for found in self._others(run, one, float("-inf"))]

    def _others(self, run: str, one: Written, now: float) -> list[OpenWrite]:
        rows = self._store.query(
            "SELECT key, code, step FROM write WHERE run = ? AND key = ? AND code <> '' AND end > ? "
            "AND NOT (shared AND ?)",
            (run, one.id, now, one.shared),
        )
        return [OpenWrite(key, max(code, one.code), step) for key, code, step in rows]

    def end(self, id_: str) -> float:
        """Return the end of the last write of a resource."""
        return float(self._store.query("SELECT max(end) FROM write WHERE run = '' AND step = ?", (id_,))[0][0] or 0)

    def last_end(self, run: str, steps: Set[str]) -> float:
        """Return the end of the last of these steps; zero if none of them was a write of this run."""
        rows = self._store.query("SELECT step, max(end) FROM write WHERE run = ? GROUP BY step", (run,))
        return max((end for step, end in rows if step in steps), default=0.0)

    def ended_after(self, run: str, instant: float, token: str) -> list[str]:
        """Return the keys of the resources of a type whose last write ended after an instant."""
        rows = self._store.query(
            "SELECT write.key FROM write JOIN resource ON resource.key = write.key "
            "WHERE run = ? AND code = '' AND end > ? AND token = ?",
            (run, instant, token),
        )
        return [key for (key,) in rows]
