"""Outputs in plans: they are shown and applied, and the stacks that read a removed or changed one are named."""

from __future__ import annotations

from typing import Any

import pytest

from formats.errors import Refused
from formats.plan import SECRET, UNKNOWN, Operation, PlannedResource, planned_outputs
from formats.stack_reads import READS, REFERENCE, AffectedOutput, Effect
from operations.cli.output_readers import refuse_removed
from tests.operations.cli.fakes import CliRunner


def deployed(sde: CliRunner, before: dict[str, Any], after: dict[str, Any], *changed: str) -> None:
    """Let the platform be up with some outputs, and the next plan change them and nothing else."""
    sde.engine.values["platform"] = before
    sde("up", "platform", "--yes")
    sde.engine.planned_outputs["platform"] = planned_outputs(before, after, changed)


def test_outputs_are_shown_though_no_resource_changes(sde: CliRunner) -> None:
    deployed(sde, {"hubId": "/h", "vaultUri": "a", "key": SECRET, "same": 1},
             {"vaultUri": "b", "key": SECRET, "new": UNKNOWN, "same": 1}, "key")  # fmt: skip
    assert sde("preview", "platform") == 0
    assert "Nothing to change" not in sde.out
    shown = [line.strip() for line in sde.out.splitlines()]
    at = shown.index("Housekeeping")
    assert shown[at + 1 : at + 10] == [
        "~ Changes an output",
        "outputs.key: changes  on platform",
        "~ Changes an output",
        'outputs.vaultUri: "a" → "b"  on platform',
        "~ New output",
        'outputs: + {"new": "[unknown]"}  on platform',
        "~ Removes an output",
        'outputs.hubId: "/h" → (none)  on platform',
        "no resource changes, 4 outputs change",
    ]


def test_a_change_inside_an_output_names_its_path(sde: CliRunner) -> None:
    deployed(sde, {"zones": {"landing": {"id": "a"}}}, {"zones": {"landing": {"id": "b"}}})
    sde("preview", "platform")
    assert 'outputs.zones.landing.id: "a" → "b"' in sde.out
    assert "no resource changes, 1 output changes" in sde.out


def test_json_has_the_outputs(sde: CliRunner) -> None:
    deployed(sde, {"key": SECRET}, {"key": SECRET}, "key")
    sde("--json", "preview", "platform")
    assert sde.lines[0]["plan"]["outputs"] == [
        {"name": "key", "operation": "update", "before": SECRET, "after": SECRET}
    ]


def test_a_plan_of_output_changes_alone_is_confirmed_and_applied(sde: CliRunner) -> None:
    deployed(sde, {"vaultUri": "a"}, {"vaultUri": "b"})
    sde.engine.calls.clear()
    assert sde("up", "platform", "--yes") == 0
    assert ("up", "platform") in sde.engine.calls
    assert "1 output changes" in sde.out
    assert "Nothing to change" not in sde.out
    assert sde("--json", "up", "platform", "--yes") == 0
    assert (sde.lines[-1]["changed"], sde.lines[-1]["stacks"][0]["output_changes"]) == (True, 1)
    sde.engine.calls.clear()
    assert sde("up", "platform") != 0  # without a terminal there is no confirmation
    assert ("up", "platform") not in sde.engine.calls


def test_outputs_of_a_new_stack_are_not_listed_in_brief(sde: CliRunner) -> None:
    sde.engine.planned_outputs["platform"] = planned_outputs({}, {"hubId": "/h"})
    sde("up", "platform", "--yes")
    assert "hubId" not in sde.out
    assert "2 to create" in sde.out


def reads(sde: CliRunner, stack: str, *paths: str) -> None:
    """Deploy a stack whose program reads these outputs of the platform."""
    urn = f"urn:pulumi:{stack}::sde::{REFERENCE}::platform"
    sde.engine.references[stack] = PlannedResource(urn, REFERENCE, Operation.READ, inputs={"name": "o/sde/platform"})
    sde.engine.values[stack] = {READS: {"platform": list(paths)}}
    assert sde("up", stack, "--yes") == 0


def test_a_removed_output_that_deployed_stacks_read_blocks(sde: CliRunner) -> None:
    deployed(sde, {"hubId": "/h", "vaultUri": "a"}, {"vaultUri": "a"})
    reads(sde, "safe-haven", "hubId")
    reads(sde, "tre-heart", "vaultUri", "hubId")
    sde.engine.calls.clear()
    for command in (("preview", "platform"), ("up", "platform", "--yes")):
        assert sde(*command) == 3
        assert "! platform: output hubId is removed; read by safe-haven, tre-heart" in sde.out
        assert "scripts/sde up safe-haven tre-heart" in sde.err
    assert ("up", "platform") not in sde.engine.calls
    assert sde("--json", "preview", "platform") == 3
    assert {
        "event": "outputs-read",
        "stack": "platform",
        "outputs": [{"path": "hubId", "effect": "removed", "readers": ["safe-haven", "tre-heart"]}],
    } in sde.lines


def test_a_changed_output_names_its_readers_and_does_not_block(sde: CliRunner) -> None:
    deployed(sde, {"vaultUri": "a"}, {"vaultUri": "b"})
    reads(sde, "safe-haven", "vaultUri")
    assert sde("up", "platform", "--yes") == 0
    assert "! platform: output vaultUri is changed; read by safe-haven" in sde.out


def test_a_removed_output_without_deployed_readers_does_not_block(sde: CliRunner) -> None:
    deployed(sde, {"hubId": "/h", "vaultUri": "a"}, {"vaultUri": "a"})
    reads(sde, "safe-haven", "vaultUri")
    assert sde("up", "platform", "--yes") == 0
    assert "read by" not in sde.out


def test_a_reader_that_is_brought_up_without_the_output_no_longer_blocks(sde: CliRunner) -> None:
    deployed(sde, {"hubId": "/h"}, {})
    reads(sde, "safe-haven", "hubId")
    assert sde("up", "platform", "--yes") == 3
    reads(sde, "safe-haven")
    assert sde("up", "platform", "--yes") == 0


def test_many_readers_are_counted() -> None:
    names = tuple(f"tre-{n:02}" for n in range(25))
    with pytest.raises(Refused, match="tre-19 and 5 more\n"):
        refuse_removed([AffectedOutput("platform", "hubId", Effect.REMOVED, names)])


def test_only_stacks_that_require_the_changed_one_are_read(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    for stack in ("platform", "safe-haven", "tre-heart"):
        sde("up", stack, "--yes")
    read: list[str] = []
    monkeypatch.setattr("operations.cli.output_readers.affected_outputs",
                        lambda plan, others: read.extend(f"{plan.stack}: {o.stack}" for o in others) or ())  # fmt: skip
    sde("preview", "platform")
    sde("preview", "tre-heart")
    assert read == ["platform: safe-haven", "platform: tre-heart"]
