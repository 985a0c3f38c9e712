"""Start and deallocate virtual machines by requests to Azure's Compute API: power is no property of a resource, so no
plan has it.

Source: learn.microsoft.com, "Virtual Machines - Start", "Virtual Machines - Deallocate", "Virtual Machines - Instance
View"; "States and billing status of Azure Virtual Machines".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from formats.errors import Failed
from operations.preflight.reads import Send, Unanswered, refusal

VERSION = {"api-version": "2024-07-01"}
PREFIX = "PowerState/"
WAIT_SECONDS, MAX_WAITS = 10, 60
"""Ten minutes: a virtual machine takes one or two."""


class PowerState(StrEnum):
    """A power state of a virtual machine, as in Azure's code `PowerState/running`."""

    RUNNING = "running"
    DEALLOCATED = "deallocated"

    @property
    def action(self) -> str:
        """The operation of the Compute API that brings a virtual machine into the state."""
        return "start" if self is PowerState.RUNNING else "deallocate"


@dataclass(frozen=True)
class DeskPower:
    """The power of the desks of one tenancy."""

    send: Send
    wait: Callable[[float], None] = time.sleep

    def set_state(self, desks: Mapping[str, str], to: PowerState) -> tuple[str, ...]:
        """Start or deallocate desks, and return the names of those that were in another state. `desks`: ids by name.

        `Failed` if Azure refuses it, or a desk does not reach the state in time.
        """
        changed = tuple(name for name, id_ in desks.items() if self.state(id_) != to)
        for name in changed:  # all begin before any is waited for
            self._ask("POST", f"{desks[name]}/{to.action}", name)
        for name in changed:
            self._wait_for(name, desks[name], to)
        return changed

    def state(self, id_: str) -> str:
        """Return the state of a virtual machine, such as `running`, `deallocated` or `stopped`."""
        view = self._ask("GET", f"{id_}/instanceView", id_.rpartition("/")[2])
        codes = [str(one.get("code")) for one in view.get("statuses") or ()]
        return next((code.removeprefix(PREFIX) for code in codes if code.startswith(PREFIX)), "unknown")

    def _wait_for(self, name: str, id_: str, to: PowerState) -> None:
        for _ in range(MAX_WAITS):
            if self.state(id_) == to:
                return
            self.wait(WAIT_SECONDS)
        raise Failed(f"The desk {name} is not {to} after {WAIT_SECONDS * MAX_WAITS // 60} minutes.\n"
                     "  fix:     run the command again; Azure may lack capacity for the size")  # fmt: skip

    def _ask(self, method: str, path: str, name: str) -> Mapping[str, Any]:
        try:
            status, found = self.send(method, path, VERSION, None)
        except Unanswered as error:
            raise Failed(f"Azure did not answer about the desk {name}: {error}") from None
        if status not in (200, 202):
            raise Failed(f"Azure refused {path.rpartition('/')[2]} of the desk {name}: {refusal(status, found)}")
        return found if isinstance(found, Mapping) else {}
