from __future__ import annotations

import io
from typing import Any

import pytest

from formats.plan import Operation
from operations.cli.output import Output, SafeConsole
from operations.cli.progress import Reporter
from operations.engine.port import Event

URN = "urn:pulumi:s::sde::azure-native:storage:StorageAccount::records"
STORE = "azure-native:storage:StorageAccount"


@pytest.fixture
def screen() -> Output:
    return Output(out=SafeConsole(file=io.StringIO(), width=100), err=SafeConsole(file=io.StringIO(), width=100))


def shown(screen: Output, *events: Event) -> str:
    reporter = Reporter(screen)
    for event in events:
        reporter(event)
    return screen.out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def step(kind: Any, operation: Operation, **more: Any) -> Event:
    return Event(kind, "s", 1.0, URN, STORE, operation, **more)


def test_a_finished_step_shows_its_resource_and_duration(screen: Output) -> None:
    shown(screen, step("step-done", Operation.CREATE, seconds=75))
    assert "+ records  storage account created  1 min 15 s" in screen.out.file.getvalue()  # type: ignore[attr-defined]


def test_unchanged_resources_are_not_shown(screen: Output) -> None:
    provider = Event("step-done", "s", 1.0, "u", "pulumi:providers:azure-native", Operation.CREATE, 0.1)
    assert shown(screen, step("step-done", Operation.SAME, seconds=0.1), provider) == ""


def test_a_failure_is_shown_once(screen: Output) -> None:
    said = "Code=Conflict Message=taken"
    again = Event("message", "s", 1.0, URN, severity="error", message=f"{STORE} records: {said}")
    text = shown(screen, step("step-failed", Operation.CREATE, message=said), again)
    assert text.count(said) == 1
    assert "✗ records" in text


def test_a_warning_is_shown(screen: Output) -> None:
    assert "warning: mind" in shown(screen, Event("message", "s", 1.0, severity="warning", message="mind"))


def test_a_closed_pipe_does_not_stop_the_run(screen: Output) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    screen.out = SafeConsole(file=Gone(), width=100)
    reporter = Reporter(screen)
    reporter(step("step-done", Operation.CREATE, seconds=1))
    screen.json = True
    reporter(step("step-done", Operation.CREATE, seconds=1))


def test_a_warning_names_its_resource() -> None:
    text = io.StringIO()
    output = Output(out=SafeConsole(file=text, width=200))
    urn = "urn:pulumi:platform::sde::sde:infra:Room$azure-native:network:VirtualNetwork::hub"
    Reporter(output)(Event("message", "platform", 0.0, urn=urn, severity="warning", message="The last run stopped"))
    assert text.getvalue().strip() == "warning: hub (virtual network): The last run stopped"
