"""Parsing of Pulumi CLI output that the real CLI cannot be made to print, or only after minutes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from formats.errors import Failed, InputError, Refused
from formats.plan import Operation, Plan, PlannedResource
from operations.engine.port import Event
from operations.engine.program_error import error_text, parse_error
from operations.engine.pulumi_errors import StackContext, StackMissingError, port_error
from operations.engine.pulumi_events import Listener
from operations.engine.pulumi_process import CommandFailed
from operations.engine.pulumi_saved import UpdatePlans, violation

STORE = "azure-native:storage:StorageAccount"
URN = f"urn:pulumi:lab::sde::{STORE}::a"
ERROR = CommandFailed(255, "", "error: update failed")
SECRET = "hunter2"


def plan(operation: Operation = Operation.CREATE) -> Plan:
    return Plan("sde", "lab", "local", (PlannedResource(URN, STORE, operation, inputs={"size": 8}),))


def error_for(text: str, place: StackContext | None = None) -> Exception:
    return port_error(CommandFailed(255, "", text), place or StackContext("lab"))


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("error: [409] Conflict: Another update is currently in progress.", InputError, "locked by another run"),
        ("error: [401] Unauthorized: No credentials provided or are invalid.", InputError, "backend"),
        ("error: dial tcp 10.0.0.1:443: i/o timeout", InputError, "backend"),
        ("error: dial tcp: lookup state.example: no such host", InputError, "backend"),
        ('WARN falling back\nerror: read ".pulumi/meta.yaml": blob (code=Unknown)', InputError, "backend"),
        ("error: get passphrase: passphrase must be set with PULUMI_CONFIG_PASSPHRASE", InputError, "none is set"),
        ("error: something unforeseen", Failed, "something unforeseen"),
    ],
)
def test_cli_messages_become_port_errors(text: str, kind: type[Exception], words: str) -> None:
    error = error_for(text, StackContext("lab", "https://state.example"))
    assert type(error) is kind
    assert words in str(error)
    assert not str(error).startswith("error: ")


def test_missing_azure_stack_is_created_by_its_owner() -> None:
    error = error_for("error: no stack named 'lab' found", StackContext("lab", made_by_up=False))
    assert isinstance(error, StackMissingError)
    assert "pulumi stack init lab --secrets-provider" in str(error)


def test_consequential_errors_are_left_out() -> None:
    errors = [
        (URN, "Code=Conflict Message=taken"),
        ("", "Failed: Resource monitor has terminated, shutting down"),
        ("", "update failed"),
    ]
    assert str(port_error(ERROR, StackContext("lab"), errors)) == f"{STORE} a: Code=Conflict Message=taken"


def test_several_causes_are_combined_as_failed() -> None:
    errors = [
        (URN, "Code=Conflict"),
        (URN + "2", f"{STORE} resource 'a2': property size value {{9}} has a problem: big"),
    ]
    error = port_error(ERROR, StackContext("lab"), errors)
    assert type(error) is Failed
    assert str(error).splitlines() == [f"{STORE} a: Code=Conflict", f"{STORE} a2 is not right:", "  size: big"]


def test_refused_value_is_not_repeated() -> None:
    words = f"{STORE} resource 'a': property key value {{{SECRET}}} has a problem: too short"
    error = port_error(ERROR, StackContext("lab"), [(URN, words)])
    assert type(error) is InputError
    assert str(error) == f"{STORE} a is not right:\n  key: too short"


def test_input_error_of_the_program_keeps_its_parts() -> None:
    error = InputError("Too small.", file="estate.yaml", key="sde:network", found="/30", allowed="/24", fix="take /24")
    assert vars(parse_error(error_text(error))) == {**vars(error)}


@pytest.mark.parametrize(
    ("code", "stdout", "words"),
    [
        (-9, '{"sequence": 1, "key": "hunter2"}\n', "the Pulumi CLI was killed by SIGKILL"),
        (1, '{"sequence": 1, "key": "hunter2"}\n', "the Pulumi CLI ended with code 1 and printed nothing"),
        (1, "flag provided but not defined\n{}", "flag provided but not defined"),
    ],
)
def test_json_output_of_a_failed_cli_is_not_its_message(code: int, stdout: str, words: str) -> None:
    assert str(CommandFailed(code, stdout, "")) == words


def hear(*events: dict[str, Any], stack: str = "lab") -> tuple[Listener, list[Event]]:
    heard: list[Event] = []
    listener = Listener(stack, heard.append)
    for event in events:
        listener.receive(json.dumps(event) + "\n")
    return listener, heard


def diagnostic(message: str, severity: str = "error", **more: Any) -> dict[str, Any]:
    return {"diagnosticEvent": {"message": message, "severity": severity, "color": "never", **more}}


def test_lines_without_known_events_are_ignored() -> None:
    heard: list[Event] = []
    listener = Listener("lab", heard.append)
    for line in ("", "Updating (lab):\n", '{"unheardOfEvent": {"a": 1}}\n', '{"sequence": 1}\n'):
        listener.receive(line)
    assert not heard and not listener.errors


def test_colours_and_severity_are_stripped() -> None:
    _, (event,) = hear(diagnostic("<{%bold%}>mind<{%reset%}>", "warning", prefix="warning: "))
    assert (event.severity, event.message) == ("warning", "mind")


def test_debug_and_ephemeral_messages_are_ignored() -> None:
    assert not hear(diagnostic("registering", "debug"), diagnostic("12 s", "info", ephemeral=True))[1]


def test_leftover_of_an_earlier_replacement_counts_as_delete() -> None:
    def step(kind: str, op: str, **old: Any) -> dict[str, Any]:
        return {kind: {"metadata": {"op": op, "urn": URN, "type": STORE, "old": old}}}

    left, _ = hear(step("resOutputsEvent", "same"), step("resOutputsEvent", "delete-replaced", delete=True))
    assert left.counts == {"same": 1, "delete": 1}
    both, events = hear(
        step("resOutputsEvent", "create-replacement"), step("resOutputsEvent", "delete-replaced", delete=True)
    )
    assert both.counts == {"replace": 1}
    assert len(events) == 1


BROKEN = f"resource {URN} violates plan: properties changed:"


@pytest.mark.parametrize(
    ("urn", "words", "what"),
    [
        ("", f"{BROKEN} ++size[{{8}}!={{{SECRET}}}]", "a (azure-native:storage:StorageAccount): size differ"),
        ("", f"{BROKEN} ~~size[{{{{++{SECRET}[}}}}]", "size differ"),
        ("", f"{BROKEN} ++{SECRET}[x]", "its properties differ"),
        (URN, "create is not allowed by the plan: no steps were expected for this resource", "does not allow create"),
        ("", f"expected resource operations for {URN} but none were seen", "no longer registers it"),
        ("", f"resource violates plan: properties changed: ++key[{SECRET}]", "its outputs differ"),
    ],
)
def test_plan_violation_is_refused_without_values(urn: str, words: str, what: str) -> None:
    refusal = violation(plan(), [(urn, words), ("", "update failed")])
    assert isinstance(refusal, Refused)
    assert what in str(refusal)
    assert "scripts/sde preview lab" in str(refusal)
    assert SECRET not in str(refusal)


def test_resources_skipped_by_a_failed_run_are_no_violation() -> None:
    errors = [(URN + "1", "Code=Conflict"), (URN, f"expected resource operations for {URN} but none were seen")]
    assert violation(plan(), errors) is None


@pytest.mark.parametrize("saved", ["{}", '{"resourcePlans": {}}', "[]", '{"resourcePlans": null}', "garbage"])
def test_up_fails_without_a_complete_update_plan(saved: str) -> None:
    kept = UpdatePlans()
    kept.next_file().write_text(saved)
    kept.keep(plan(), kept.next_file())
    with pytest.raises(Failed, match="leaves out 1"):
        kept.of(plan())
    with pytest.raises(Failed, match="saved no plan"):
        UpdatePlans().of(plan())


def test_each_plan_has_a_private_file() -> None:
    kept, files = UpdatePlans(), set()
    for one in (plan(), plan(Operation.UPDATE)):
        kept.next_file().write_text(json.dumps({"resourcePlans": {URN: {}}}))
        kept.keep(one, kept.next_file())
        files.add(kept.of(one))
    assert len(files) == 2
    assert all(Path(file).parent.stat().st_mode & 0o077 == 0 for file in files)
