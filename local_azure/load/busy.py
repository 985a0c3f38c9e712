"""Writes to a busy Azure. Facts: docs/azure-facts.md#one-write-at-a-time, #late-definitions-and-roles, #lost-answers.

An engine that makes requests at the same time meets conflicts in time: a write takes its typical duration divided by
`SPEED`, during which other writes to the same resource are refused. An engine that makes one request at a time would
meet none, so it names the steps that its dependency graph puts before a request: two writes that the graph does not
order are refused, and times are those of the longest path through the graph.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from local_azure.load import firewall_names, writes
from local_azure.load.record import OpenWrite, WriteRecord
from local_azure.load.setting import Load
from local_azure.load.visible import VisibleCloud
from local_azure.load.writes import Written
from local_azure.model import AzureError, Cloud, StoredResource
from local_azure.store import Store

SPEED = 100.0
"""Seconds of Azure in a second of the local one."""
RETRIES = (20.0, 60.0, 120.0)
"""The pauses of azure-native before it repeats a request with the status 409 of these codes, or 429."""


class Step(Protocol):
    """The place of a request in a run of an engine that makes one request at a time."""

    @property
    def run(self) -> str:
        """The id of the run."""
        ...

    @property
    def urn(self) -> str:
        """The URN of the resource."""
        ...

    def before(self) -> Iterable[str]:
        """Return the URNs of the steps that the dependency graph puts before this one."""
        ...


@dataclass(frozen=True)
class Write:
    """A request that writes."""

    token: str
    id: str
    properties: Mapping[str, Any]
    kind: str
    """`create`, `update` or `delete`."""

    @property
    def written(self) -> tuple[Written, ...]:
        """The resources that it changes: its own, and others that accept one write at a time."""
        return writes.written_by(self.token, self.id, self.properties)


class OperationFailed(Exception):  # noqa: N818
    """A write that Azure accepted and that failed later: the resource exists."""

    def __init__(self, error: AzureError, resource: StoredResource) -> None:
        self.error, self.resource = error, resource
        super().__init__(str(error))


class BusyAzure:
    """Runs writes as a busy Azure would, if the load of the store says so."""

    def __init__(
        self, store: Store, clock: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._store, self._record = store, WriteRecord(store)
        self._clock, self._sleep = clock, sleep

    def run(
        self, write: Callable[[], Write], step: Step | None, act: Callable[[Cloud], StoredResource | None]
    ) -> StoredResource | None:
        """Run a write; `act` makes it, with what Azure sees of the other resources."""
        load = Load(self._store.load())
        if load is Load.OFF:
            return act(self._store)
        asked = write()
        found = self._in_order(asked, step, act) if step is not None else self._in_time(asked, act)
        if load is Load.LOST_ANSWER and asked.token == writes.ACCOUNT and asked.kind == "create":
            self._store.set_load(Load.BUSY)
            raise _conflict(OpenWrite(asked.id, writes.ACCOUNT_IN_PROGRESS))
        return found

    def _in_order(
        self, write: Write, step: Step, act: Callable[[Cloud], StoredResource | None]
    ) -> StoredResource | None:
        """Refuse a write that the graph does not order after each earlier one to the same resource."""
        before = {*step.before(), step.urn}
        for earlier in self._record.of_run(step.run, write.written):
            if earlier.step not in before:
                raise _conflict(earlier)
        if failure := self._failure(write):
            raise failure
        start = self._record.last_end(step.run, before)
        found = act(self._visible(step.run, start))
        self._record.add(step.run, step.urn, write.id, write.written, (start, start + writes.seconds(write.token)))
        return found

    def _in_time(self, write: Write, act: Callable[[Cloud], StoredResource | None]) -> StoredResource | None:
        """Refuse a write during another one to the same resource, at once or after azure-native's repetitions."""
        failure = self._failure(write)
        conflict = self._begin(write)
        accepted = writes.is_operation(write.token) and write.kind != "delete"
        for pause in () if accepted else RETRIES:
            if conflict is None:
                break
            self._sleep(pause / SPEED)
            conflict = self._begin(write)
        if conflict is not None:
            failure = _conflict(conflict)
            if not accepted:
                raise failure
        found = self._made(write, act)
        if failure is not None and found is not None:
            raise OperationFailed(failure, self._failed(found))
        self._sleep(max(0.0, self._record.end(write.id) - self._clock()))
        return found

    def _failure(self, write: Write) -> AzureError | None:
        """Return why an accepted write will fail, whatever else is written."""
        if write.kind == "delete":
            return None
        return firewall_names.failure(self._store, write.token, write.id, write.properties)

    def _begin(self, write: Write) -> OpenWrite | None:
        """Record the start of a write; return an open one that it conflicts with, which prevents it."""
        with self._store.transaction():
            now = self._clock()
            conflict = self._record.open_at(now, write.written)
            if conflict is None:
                end = now + writes.seconds(write.token) / SPEED
                self._record.add("", write.id, write.id, write.written, (now, end))
            return conflict

    def _made(self, write: Write, act: Callable[[Cloud], StoredResource | None]) -> StoredResource | None:
        try:
            return act(self._visible("", self._clock()))
        except BaseException:
            self._record.remove("", write.id)
            raise

    def _failed(self, resource: StoredResource) -> StoredResource:
        """Store the state of a failed operation."""
        failed = StoredResource(
            resource.id, resource.token, resource.name, {**resource.properties, "provisioningState": "Failed"}
        )
        self._store.change(failed)
        return failed

    def _visible(self, run: str, now: float) -> Cloud:
        """Return what other services see: not the definitions and assignments that are too new."""
        speed = 1.0 if run else SPEED
        hidden = {
            id_
            for token, delay in writes.LATE.items()
            for id_ in self._record.ended_after(run, now - delay / speed, token)
        }
        return VisibleCloud(self._store, hidden)


def _conflict(other: OpenWrite) -> AzureError:
    """Return Azure's error for a write during another one."""
    if other.code == writes.ACCOUNT_IN_PROGRESS:
        text = "An operation is currently performing on this storage account that requires exclusive access."
        return AzureError(other.code, text, status=409, target=other.id)
    if other.code == writes.NOT_PROVISIONED:
        text = (
            f"A retryable error occurred. {other.code}: Cannot proceed with operation because resource {other.id} is "
            "not in Succeeded state. Resource is in Updating state."
        )
        return AzureError("RetryableError", text, status=429, target=other.id)
    text = "Another operation on this or dependent resource is in progress."
    return AzureError(other.code, text, status=409, target=other.id)
