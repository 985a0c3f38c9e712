"""`sde provision`: every tenancy whose request has a permit, and no other."""

from __future__ import annotations

import pytest

from formats.errors import Refused
from operations.cli import permits
from operations.cli.stack_catalog import Stack
from tests.operations.cli.fakes import CliRunner, stack
from tests.operations.cli.test_expiry import expire, expiry

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
