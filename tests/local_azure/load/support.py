"""A busy local Azure with a clock that only moves when a write waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_azure.load.busy import BusyAzure, Write
from local_azure.load.setting import Load
from tests.local_azure.types.support import World


class BusyWorld(World):
    """Each method is one request. Requests overlap if the clock is set back between them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.now = 0.0
        self.step: FakeStep | None = None
        self.quiet, self.arm = self.arm, self  # type: ignore[assignment]
        self.known_type = self.quiet.known_type
        self._busy = BusyAzure(self.store, lambda: self.now, self._sleep)
        self.store.set_load(Load.BUSY)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def create(self, token: str, inputs: Mapping[str, Any], subscription: str) -> Any:
        write = Write(token, self.quiet.id(token, inputs, subscription), inputs, "create")
        return self._busy.run(
            lambda: write, self.step, lambda cloud: self.quiet.seeing(cloud).create(token, inputs, subscription)
        )

    def update(self, id_: str, token: str, inputs: Mapping[str, Any], subscription: str) -> Any:
        write = Write(token, id_, inputs, "update")
        return self._busy.run(
            lambda: write, self.step, lambda cloud: self.quiet.seeing(cloud).update(id_, token, inputs, subscription)
        )

    def delete(self, id_: str, token: str, subscription: str) -> Any:
        write = Write(token, id_, self.read(id_), "delete")
        return self._busy.run(
            lambda: write, self.step, lambda cloud: self.quiet.seeing(cloud).delete(id_, token, subscription)
        )


@dataclass(frozen=True)
class FakeStep:
    """A step of a run, with the steps before it."""

    urn: str
    earlier: tuple[str, ...] = ()
    run: str = "run"

    def before(self) -> tuple[str, ...]:
        return self.earlier
