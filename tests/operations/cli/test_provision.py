"""`sde provision`: every tenancy whose request has a permit, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from formats.errors import Refused
from formats.plan import Plan
from operations.cli import permits
from operations.cli.stack_catalog import Stack
from operations.ledger.entry import Entry, Kind, Result
from policies.runner import Report
from tests.operations.cli.fakes import CliRunner, resource, stack
from tests.operations.cli.test_expiry import expire, expiry
from tests.operations.ledger.logs import WHO

TENANCIES = ("tre-heart", "tre-lung", "tre-liver")
Reasons = dict[str, tuple[str, ...]]


@pytest.fixture
def reasons(sde: CliRunner, monkeypatch: pytest.MonkeyPatch) -> Reasons:
    """Why each tenancy has no permit; the check of the plan passes."""
    found: Reasons = dict.fromkeys(TENANCIES, ())
    sde.catalog.stacks = [stack("platform"), *(stack(name, "platform") for name in TENANCIES)]
    monkeypatch.setattr(permits.Permits, "why_not", lambda _, one: found[one.name])
    monkeypatch.setattr(permits.Permits, "require", lambda *_: None)
    assert sde("up", "platform", "--yes") == 0
    return found


def brought_up(sde: CliRunner) -> list[str]:
    return [name for what, name in sde.engine.calls if what == "up" and name != "platform"]


def test_each_tenancy_with_a_permit_comes_up_and_a_second_run_changes_nothing(sde: CliRunner, reasons: Reasons) -> None:
    reasons["tre-lung"] = ("the step committee needs 1 more",)
    assert sde("provision") == 0
    assert brought_up(sde) == ["tre-heart", "tre-liver"]
    assert "tre-lung waits for its permit: the step committee needs 1 more" in sde.out
    assert "2 requests with a permit, 1 without" in sde.out
    assert sde("provision") == 0
    assert "Nothing to change in any stack" in sde.out
    reasons["tre-lung"] = ()
    assert sde("provision", "--json") == 0
    assert "tre-lung" in brought_up(sde)


def test_without_any_permit_nothing_is_planned(sde: CliRunner, reasons: Reasons) -> None:
    reasons.update(dict.fromkeys(TENANCIES, ("it was withdrawn",)))
    assert sde("provision", "--json") == 0
    assert [line["stack"] for line in sde.lines if line.get("event") == "not-permitted"] == list(TENANCIES)
    assert brought_up(sde) == []


def test_a_tenancy_that_is_refused_stops_no_other_and_fails_the_run(
    sde: CliRunner, reasons: Reasons, monkeypatch: pytest.MonkeyPatch
) -> None:
    def require(_: object, one: Stack, *__: object) -> None:
        if one.name == "tre-heart":
            raise Refused("tre-heart has no permit for this change")

    monkeypatch.setattr(permits.Permits, "require", require)
    assert sde("provision") == 3
    assert brought_up(sde) == ["tre-lung", "tre-liver"]
    assert "tre-heart has no permit for this change" in sde.err


def test_what_tenancies_require_must_be_up(sde: CliRunner) -> None:
    assert sde("provision") == 2
    assert "scripts/sde up platform" in sde.err


def test_an_expired_request_creates_nothing_and_fails_the_run_after_the_others(
    sde: CliRunner, reasons: Reasons
) -> None:
    expire(sde, "tre-heart", expiry(0))
    assert sde("provision") == 3
    assert brought_up(sde) == ["tre-lung", "tre-liver"]
    assert "tre-heart was not changed: it has expired" in sde.err


def test_with_the_platform_comes_first_what_needs_no_permit(sde: CliRunner, reasons: Reasons) -> None:
    sde.catalog.stacks = [*sde.catalog.stacks, stack("safe-haven", "platform")]
    reasons["tre-lung"] = ("the step committee needs 1 more",)
    assert sde("provision", "--with-platform") == 0
    assert sorted(brought_up(sde)) == ["safe-haven", "tre-heart", "tre-liver"]


def test_an_estate_without_a_route_has_no_permits(sde: CliRunner) -> None:
    sde("up", "platform", "safe-haven", "--yes")
    assert sde("provision") == 3
    assert "has no route" in sde.err


def test_named_tenancies_are_brought_up_alone_and_only_with_a_permit(sde: CliRunner, reasons: Reasons) -> None:
    reasons["tre-lung"] = ("it was withdrawn",)
    assert sde("provision", "tre-heart") == 0
    assert brought_up(sde) == ["tre-heart"]
    assert sde("provision", "tre-lung", "tre-liver") == 3
    assert sde("provision", "platform") == 2
    assert brought_up(sde) == ["tre-heart"]


def begins(sde: CliRunner, name: str, run: str = "of another machine") -> int:
    """Record that another run begins to change a stack, and return the number of its intent."""
    found = Plan("sde", name, "local", (resource("by-the-other-run"),))
    objects = {"plan": sde.ledger.keep(found.to_json())}
    common = {"run": run, "command": "provision", "version": "1", "who": WHO, "cloud": "local", "time": now()}
    return sde.ledger.record(Entry(kind=Kind.INTENT, stacks=(name,), objects=objects, **common))


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def neighbours(sde: CliRunner) -> list[list[str]]:
    """Return the names of the resources of tre-lung that each evaluation had as a neighbour."""
    assert sde.gate
    found = [{one.name: one for one in each.deployed} for each in sde.gate.neighbours if each]
    return [[r.name for r in each["tre-lung"].load().resources] if "tre-lung" in each else [] for each in found]


def test_what_another_run_is_changing_counts_as_deployed(sde: CliRunner, reasons: Reasons) -> None:
    number = begins(sde, "tre-lung")
    begins(sde, "tre-heart", "that was killed")
    assert sde("provision", "tre-heart") == 0, sde.err
    assert neighbours(sde)[-1] == ["by-the-other-run"]
    done = {"run": "of another machine", "command": "provision", "version": "1", "who": WHO, "time": now()}
    sde.ledger.record(Entry(kind=Kind.RESULT, stacks=("tre-lung",), of=number, result=Result.SUCCEEDED, **done))
    assert sde("provision", "tre-liver") == 0
    assert neighbours(sde)[-1] == []  # its state counts again, of which there is none here


def test_a_run_that_another_one_preceded_evaluates_again_with_its_plan(
    sde: CliRunner, reasons: Reasons, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sde.gate
    gate, evaluate = sde.gate, sde.gate.evaluate

    def overtaken(plans: Sequence[Plan], **more: Any) -> Report:
        if len(gate.evaluated) == before:
            begins(sde, "tre-lung")
        elif any(one.name == "tre-lung" for one in more["neighbours"].deployed):
            gate.refuses.add("tre-heart")
        return evaluate(plans, **more)

    before = len(gate.evaluated)
    monkeypatch.setattr(gate, "evaluate", overtaken)
    assert sde("provision", "tre-heart") == 3
    assert neighbours(sde)[-2:] == [[], ["by-the-other-run"]]
    assert brought_up(sde) == []
    *_, (_, last) = sde.ledger.entries()
    assert (last.kind, last.result) == (Kind.RESULT, Result.FAILED)


def test_options_that_cannot_both_be_done_are_refused(sde: CliRunner, reasons: Reasons) -> None:
    for arguments in (("--queue", "--parallel", "2"), ("tre-heart", "--with-platform")):
        assert sde("provision", *arguments) == 2
    assert sde("provision", "--queue") == 2
    assert "SDE_QUEUE_URL" in sde.err
    assert brought_up(sde) == []
