"""`sde tenancy sleep` and `wake`: the desks, the lock, the ledger, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from operations.estate.expiry import REQUEST, expiry
from operations.ledger.entry import Kind
from tests.local_azure.data_plane.test_sign_in_and_logs import VM, sign_in
from tests.local_azure.data_plane.test_sign_in_and_logs import desk as desk  # noqa: PLC0414 - a fixture
from tests.local_azure.data_plane.world import World
from tests.operations.cli.fakes import CliRunner, FakeCatalog, stack


@pytest.fixture
def world(sde: CliRunner) -> World:
    """The small Azure, where the command line looks for it."""
    return World(sde.settings.local_db.parent)


@pytest.fixture
def tenancy(sde: CliRunner, desk: World) -> CliRunner:
    """The command line over a small Azure with the desk of a tenancy."""
    sde.engine.values["tre-heart"] = {"desk_ids": {"main": VM}}
    sde.engine.has["tre-heart"] = ["a"]
    return sde


def test_a_sleeping_tenancy_refuses_sign_in_and_wakes(tenancy: CliRunner, desk: World) -> None:
    for word, allowed in (("sleep", False), ("sleep", False), ("wake", True)):
        assert tenancy("tenancy", word, "tre-heart", "--json") == 0, tenancy.err
        assert (tenancy.lines[0]["event"], tenancy.lines[0]["desks"]) == (f"tenancy-{word}", ["main"])
        answer = sign_in(desk)
        assert answer.allowed is allowed
        assert allowed or (answer.decided_by and answer.decided_by.detail == "desk is deallocated")
    assert tenancy.engine.calls.count(("hold", "tre-heart")) == 3
    entries = [entry for _, entry in tenancy.ledger.entries()]
    assert [entry.kind for entry in entries] == [Kind.INTENT, Kind.RESULT] * 3
    assert (entries[0].command, entries[0].reason) == ("tenancy sleep", "The desks main are to be deallocated.")


def test_only_deployed_tenancies_sleep(tenancy: CliRunner) -> None:
    assert tenancy("tenancy", "sleep", "platform") == 2
    assert "Only tenancies sleep and wake." in tenancy.err
    tenancy.engine.values["tre-heart"] = {}
    assert tenancy("tenancy", "sleep", "tre-heart") == 2
    assert "scripts/sde up tre-heart" in tenancy.err


def test_an_expired_tenancy_sleeps_and_does_not_wake(tenancy: CliRunner) -> None:
    past = expiry(REQUEST, date(2026, 1, 1), today=date(2026, 2, 1), file="requests/heart.yaml", stack="tre-heart")
    tenancy.catalog = FakeCatalog([stack("tre-heart", expiries=(past,))])
    assert tenancy("tenancy", "wake", "tre-heart") == 3
    assert tenancy("tenancy", "sleep", "tre-heart") == 0, tenancy.err
