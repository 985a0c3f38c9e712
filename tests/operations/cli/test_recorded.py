"""What commands record in the ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from approvals.request_files import template_digest
from formats.errors import Failed, Refused
from formats.plan import Operation
from formats.stack_config import parse
from formats.state_record import record_of
from operations.cli.app import main
from operations.cli.failed_revocations import with_failed_revocations
from operations.cli.stack_catalog import Stack
from operations.engine.port import StackSettings
from operations.history.register import register_of
from operations.ledger.entry import Entry, Kind, Result
from operations.settings import ROOT
from tests.operations.cli.fakes import CliRunner, resource, stack
from tests.operations.cli.test_locked_deletes import STORE, grant, plan_of
from tests.operations.ledger.logs import entry, memory_ledger


def entries(sde: CliRunner) -> list[Entry]:
    return [entry for _, entry in sde.ledger.entries()]


def kinds(sde: CliRunner) -> list[tuple[str, str]]:
    return [(entry.kind.value, " ".join(entry.stacks)) for entry in entries(sde)]


def test_an_up_is_an_intent_and_its_result(sde: CliRunner) -> None:
    assert sde("up", "platform", "--yes") == 0
    intent, result = entries(sde)
    assert (intent.kind, intent.command, intent.stacks, intent.engine) == (Kind.INTENT, "up", ("platform",), "fake")
    assert (result.kind, result.of, result.result) == (Kind.RESULT, 0, Result.SUCCEEDED)
    assert intent.run == result.run
    assert (intent.state_before, intent.who.id, intent.cloud) == (None, "ann", "local")
    record = sde.engine.state_record("platform")
    assert record
    assert result.state == record.digest
    assert result.counts == {"create": 2}
    kept = sde.ledger.kept(intent.objects["plan"])
    assert (kept["stack"], kept["digest"]) == ("platform", intent.digests.plan)
    assert sde.ledger.kept(intent.objects["verdict"])["passed"] is True
    assert len(sde.ledger.kept(intent.objects["diff"])["changes"]) >= 1


def test_the_change_of_a_whole_tenancy_names_the_version_of_its_template(sde: CliRunner) -> None:
    sde.catalog.stacks = [stack("tre-heart", template="bespoke-imaging")]
    assert sde("up", "tre-heart", "--yes") == 0
    assert sde("up", "tre-heart", "--yes", "--target", "urn:pulumi:s::sde::x:y:Z::a") == 0
    found = [one.digests.template for one in entries(sde) if one.kind is Kind.INTENT]
    assert found == [template_digest("bespoke-imaging"), None]


def test_a_preview_that_nobody_asks_to_apply_leaves_no_entry(sde: CliRunner) -> None:
    assert sde("preview", "platform") == 0
    assert entries(sde) == []


def test_a_refusal_by_the_policies_is_recorded_with_its_reason(sde: CliRunner) -> None:
    assert sde.gate
    sde.gate.refuses = {"platform"}
    assert sde("up", "platform", "--yes") == 3
    (refusal,) = entries(sde)
    assert (refusal.kind, refusal.stacks) == (Kind.REFUSAL, ("platform",))
    assert refusal.reason
    assert "The policies refuse platform" in refusal.reason
    assert sde.ledger.kept(refusal.objects["verdict"])["blocking"][0]["policy"] == "XX1"


@pytest.mark.parametrize(("answer", "found"), [("n", ["asked", "refusal"]), ("y", ["asked", "intent", "result"])])
def test_a_question_and_its_answer_are_recorded(
    sde: CliRunner, monkeypatch: pytest.MonkeyPatch, answer: str, found: list[str]
) -> None:
    monkeypatch.setattr("operations.cli.session.Session.agree", lambda *_: answer == "y")
    assert sde("up", "platform") == (0 if answer == "y" else 3)
    assert [kind for kind, _ in kinds(sde)] == found
    if answer == "n":
        assert "you answered no" in str(entries(sde)[-1].reason)


def test_of_several_stacks_those_not_reached_are_recorded_too(sde: CliRunner) -> None:
    assert sde.gate
    sde.gate.refuses = {"platform"}
    assert sde("up", "platform", "safe-haven", "tre-heart", "--yes") == 3
    assert kinds(sde) == [("refusal", "platform"), ("refusal", "safe-haven tre-heart")]


@pytest.mark.parametrize(("change", "result"), [(False, Result.FAILED), (True, Result.PARTIAL)])
def test_a_run_that_fails_says_whether_the_state_changed(
    sde: CliRunner, monkeypatch: pytest.MonkeyPatch, change: bool, result: Result
) -> None:
    def up(stack: object, **_: object) -> None:
        if change:
            sde.engine.has["platform"] = ["half"]
        raise Failed("Azure said no: password=hunter2")

    monkeypatch.setattr(sde.engine, "up", up)
    assert sde("up", "platform", "--yes") == 1
    assert kinds(sde) == [("intent", "platform"), ("result", "platform")]
    found = entries(sde)[1]
    assert (found.result, found.reason) == (result, "Azure said no: password=[secret]")


def test_an_interrupted_run_has_a_result(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    def up(stack: object, **_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sde.engine, "up", up)
    assert sde("up", "platform", "--yes") == 130
    assert [entry.result for entry in entries(sde)] == [None, Result.FAILED]


def test_a_run_that_cannot_write_its_intent_does_not_apply(sde: CliRunner) -> None:
    sde.ledger.log.signer = None
    assert sde("up", "platform", "--yes") == 2
    assert "platform was not changed, because its change cannot be recorded" in sde.err
    assert ("up", "platform") not in sde.engine.calls


def test_a_run_that_ended_without_a_result_is_completed_by_the_next(
    sde: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def up(stack: object, **_: object) -> None:
        sde.engine.has["platform"] = ["half"]
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(sde.engine, "up", up)
        patch.setattr("operations.cli.recorded.Recorder._end", lambda *_: None)  # as the process is gone
        patch.setattr("operations.cli.failures.end", lambda *_: 1)
        with pytest.raises(Killed):
            sde("up", "platform", "--yes")
    half = sde.engine.state_record("platform")
    assert sde("up", "platform", "--yes") == 0
    unknown, intent = entries(sde)[1:3]
    assert half
    assert (unknown.kind, unknown.of, unknown.result, unknown.state) == (Kind.RESULT, 0, Result.UNKNOWN, half.digest)
    assert (intent.kind, intent.state_before) == (Kind.INTENT, half.digest)
    assert entries(sde)[3].of == 2


def test_a_destroy_is_recorded(sde: CliRunner) -> None:
    sde("up", "platform", "--yes")
    assert sde("destroy", "platform", "--yes") == 0
    intent, result = entries(sde)[2:]
    assert (intent.command, intent.kind, result.kind, result.state) == ("destroy", Kind.INTENT, Kind.RESULT, None)
    assert intent.reason == "protected resources were released"
    assert "plan" in intent.objects


def test_a_destroy_that_is_refused_is_recorded(sde: CliRunner) -> None:
    sde("up", "platform", "safe-haven", "--yes")
    before = len(entries(sde))
    assert sde("destroy", "platform", "--yes") == 3
    assert [entry.kind for entry in entries(sde)[before:]] == [Kind.REFUSAL]


@pytest.mark.usefixtures("local_azure")
def test_a_refresh_with_drift_is_recorded_as_such(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    sde("up", "platform", "--yes")
    assert sde("refresh", "platform", "--yes") == 0
    assert [kind for kind, _ in kinds(sde)[2:]] == ["intent", "result"]
    outcome = sde.engine.refresh
    monkeypatch.setattr(sde.engine, "_outcome", lambda name, _: _outcome(sde, name))
    assert outcome
    assert sde("refresh", "platform", "--yes") == 0
    assert [kind for kind, _ in kinds(sde)[4:]] == ["intent", "result", "refresh-drift"]


@pytest.mark.usefixtures("local_azure")
def test_what_a_drift_means_is_recorded_with_the_findings_that_it_causes(sde: CliRunner) -> None:
    assert sde.gate
    sde("up", "platform", "--yes")
    weaker = resource("a", Operation.UPDATE, inputs={"tls": "1.0"}, old_inputs={"tls": "1.2"}, changed=("tls",))
    sde.engine.drifts["platform"], sde.gate.refuses_changes = (weaker,), {"platform"}
    assert sde("refresh", "platform", "--yes") == 0
    intent = entries(sde)[2]
    found = [(one["meaning"], one["rules"]) for one in sde.ledger.kept(intent.objects["diff"])["changes"]]
    assert ("weakens another control", ["XX1"]) in found
    assert [row.policies for row in register_of(sde.ledger).rows] == ["passed", "do not hold: XX1"]


@pytest.mark.usefixtures("local_azure")
def test_a_damaged_state_of_another_stack_does_not_prevent_a_refresh(sde: CliRunner) -> None:
    assert sde.gate
    sde("up", "platform", "--yes")
    sde.engine.drifts["platform"] = (resource("a", Operation.DELETE),)
    sde.gate.fails_with_neighbours = Refused("platform cannot be evaluated with the rest of the estate")
    assert sde("refresh", "platform", "--yes") == 0
    assert "Evaluated without the other stacks, and without who can read what" in sde.out
    assert [name for name in ("verdict", "access") if name in entries(sde)[2].objects] == ["verdict"]


def _outcome(sde: CliRunner, name: str) -> object:
    from operations.engine.port import Outcome

    return Outcome(name, {"same": 1, "update": 1, "delete": 0}, 1.0, len(sde.engine.has[name]))


def _junction(provider: str) -> Stack:
    """Return the shipped junction zone with another name of its first provider."""
    config = yaml.safe_load((ROOT / "Pulumi.junction-zone.yaml").read_text(encoding="utf-8"))["config"]
    config["sde:providers"][0]["name"] = provider
    settings = StackSettings("junction-zone", config, Path("Pulumi.junction-zone.yaml"))
    return replace(stack("junction-zone"), settings=settings, config=parse("junction-zone", config))


def test_a_new_name_of_a_provider_is_recorded_though_no_resource_changes(sde: CliRunner) -> None:
    for name in ("Old Trust", "New Trust", "New Trust"):
        sde.catalog.stacks = [_junction(name)]
        assert sde("up", "junction-zone", "--yes") == 0
        assert ("is now called" in sde.out) == (len(entries(sde)) == 4)
    found = [row.access for row in register_of(sde.ledger).rows]
    renamed = ("= provider zq1 (Old Trust) is now called provider zq1 (New Trust)",)
    assert found == [(), renamed, ()]


READABLE = "cloud: local\ncode: hunter2 hunter2\n"


@pytest.mark.parametrize("command", ["up", "destroy"])
@pytest.mark.parametrize(
    ("estate", "is_recorded"),
    [(READABLE, True), ("cloud: local\n  code: x\n", False), ("cloud: azure\n", False), (None, False)],
    ids=["invalid", "no YAML", "no ledger is named", "no file"],
)
def test_an_estate_that_cannot_be_read_refuses_a_change(
    sde: CliRunner, tmp_path: Path, command: str, estate: str | None, is_recorded: bool
) -> None:
    folder = tmp_path / "estate"
    folder.mkdir()
    if estate is not None:
        (folder / "estate.yaml").write_text(estate)
    arguments = [command, "platform", "hunter2", "--yes", "--estate", str(folder)]
    assert main(arguments, settings=sde.settings, open_ledger=lambda *_: sde.ledger) == 2
    assert sde.capture.readouterr().err.count("error:") == 1
    found = [(entry.kind, entry.command, entry.stacks, entry.reason) for entry in entries(sde)]
    expected = (Kind.REFUSAL, command, ("platform",), "The estate cannot be read: estate.yaml at code.")
    assert found == ([expected] if is_recorded else [])
    assert not [entry for entry in entries(sde) if "hunter2" in str(entry)]


def test_an_import_and_a_cancel_are_recorded(sde: CliRunner) -> None:
    sde("up", "platform", "--yes")
    assert sde("import", "platform", "azure-native:storage:StorageAccount", "store", "/subscriptions/s") == 0
    sde.engine.locked = "ann"
    assert sde("cancel", "platform") == 0
    found = [(entry.command, entry.kind) for entry in entries(sde)[2:]]
    assert found == [("import", Kind.INTENT), ("import", Kind.RESULT), ("cancel", Kind.INTENT), ("cancel", Kind.RESULT)]


def test_what_still_exists_after_its_delete_failed_is_an_open_finding(
    sde: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = {"resources": [{"urn": "urn:pulumi:platform::sde::x::grant", "delete": True}]}
    monkeypatch.setattr(sde.engine, "state_record", lambda name: record_of(pending))
    assert sde("up", "platform", "--yes") == 0
    finding = entries(sde)[-1]
    assert (finding.kind, finding.details) == (Kind.OPEN_FINDING, ("urn:pulumi:platform::sde::x::grant",))


@pytest.mark.usefixtures("local_azure")
def test_a_right_that_was_not_revoked_stays_open_until_it_is_gone_or_wanted_again(
    sde: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure refused before anything was marked for deletion, as under a lock."""
    former = grant(STORE)
    sde.engine.has["platform"] = ["a"]
    monkeypatch.setattr(
        sde.engine, "state_record", lambda name: record_of({"resources": [{"urn": former.urn, "id": former.id}]})
    )

    def up(stack: object, **_: object) -> None:
        raise Failed("ScopeLocked")

    sde.engine.plans["platform"] = (former,)
    with monkeypatch.context() as patch:
        patch.setattr(sde.engine, "up", up)
        assert sde("up", "platform", "--yes") == 1
    sde.engine.plans["platform"] = (replace(former, operation=Operation.SAME),)
    assert sde("refresh", "platform", "--yes") == 0
    assert sde("up", "platform", "--yes", "--target", former.urn) == 0
    results = [e for e in entries(sde) if e.kind is not Kind.INTENT]
    assert [e.kind for e in results] == [Kind.RESULT, Kind.OPEN_FINDING] * 3
    assert {e.details for e in results[1::2]} == {(former.id,)}
    assert results[1].reason == "Still in Azure: 1 role assignment that should have been revoked"
    (left,) = with_failed_revocations(sde.session(), [plan_of(former)])
    assert [r.id for r in left.resources if r.pending_delete] == [former.id]

    assert sde("up", "platform", "--yes") == 0, "the estate wants the right again"
    assert entries(sde)[-1].kind is Kind.RESULT
    assert with_failed_revocations(sde.session(), [plan_of(former)]) == [plan_of(former)]


def test_a_run_without_its_result_closes_no_finding() -> None:
    ledger = memory_ledger()
    of = {"stacks": ("platform",)}
    ledger.record(entry(Kind.RESULT, result=Result.FAILED, **of), entry(Kind.OPEN_FINDING, reason="one", **of))
    ledger.record(entry(Kind.RESULT, result=Result.UNKNOWN, **of), entry(Kind.INTENT, **of))
    found = ledger.open_finding("platform")
    assert found
    assert found[0] == 1
    assert len(register_of(ledger).open_at_the_end) == 1
    ledger.record(entry(Kind.RESULT, result=Result.SUCCEEDED, **of))
    assert ledger.open_finding("platform") is None
    assert register_of(ledger).open_at_the_end == ()


def test_exemptions_in_use_are_an_entry_before_the_intent(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sde.gate
    evaluate = sde.gate.evaluate
    used = SimpleNamespace(id="old-tls", policy="XX1", resource="a", expires="2027-01-01", reason="It ends soon.",
                           owner=SimpleNamespace(name="Ann"), approvers="Bob")  # fmt: skip
    monkeypatch.setattr(sde.gate, "evaluate", lambda *a, **k: replace(evaluate(*a, **k), exemptions=(used,)))
    assert sde("up", "platform", "--yes") == 0
    found, intent = entries(sde)[:2]
    assert (found.kind, found.details, intent.kind) == (Kind.EXEMPTIONS, ("old-tls",), Kind.INTENT)
    assert sde.ledger.kept(intent.objects["verdict"])["exemptions"] == [
        {"id": "old-tls", "policy": "XX1", "resource": "a", "expires": "2027-01-01"}
    ]
