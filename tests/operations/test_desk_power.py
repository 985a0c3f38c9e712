"""Desks are deallocated and started by requests to Azure's Compute API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from formats.errors import Failed
from operations.desk_power import DeskPower, PowerState
from operations.preflight.reads import Unanswered

DESKS = {"main": "/machines/a", "gpu": "/machines/b"}


class Compute:
    """A Compute API whose virtual machines take some polls to change."""

    def __init__(self, polls: int = 2, **states: str) -> None:
        self.states, self.polls = {id_: states.get(name, "running") for name, id_ in DESKS.items()}, polls
        self.coming: dict[str, tuple[str, int]] = {}
        self.asked: list[str] = []
        self.refuses = ""

    def send(self, method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        assert query == {"api-version": "2024-07-01"}
        id_, _, what = path.rpartition("/")
        self.asked.append(f"{method} {path}")
        if what == self.refuses:
            return 403, {"error": {"code": "AuthorizationFailed"}}
        if method == "POST":
            self.coming[id_] = ("running" if what == "start" else "deallocated", self.polls)
            return 202, {}
        state, left = self.coming.get(id_, (self.states[id_], 0))
        if left == 0:
            self.states[id_] = state
        self.coming[id_] = (state, max(left - 1, 0))
        return 200, {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": f"PowerState/{self.states[id_]}"}]}


def test_every_desk_begins_before_any_is_waited_for() -> None:
    compute, waits = Compute(), list[float]()
    assert DeskPower(compute.send, waits.append).set_state(DESKS, PowerState.DEALLOCATED) == ("main", "gpu")
    posts = [one for one in compute.asked if one.startswith("POST")]
    assert posts == ["POST /machines/a/deallocate", "POST /machines/b/deallocate"]
    assert compute.asked[2:4] == posts
    assert set(compute.states.values()) == {"deallocated"}
    assert waits


def test_a_desk_in_the_state_is_left_alone() -> None:
    compute = Compute(main="deallocated")
    assert DeskPower(compute.send, lambda _: None).set_state(DESKS, PowerState.RUNNING) == ("main",)
    assert "POST /machines/b/start" not in compute.asked


def test_what_azure_refuses_is_named() -> None:
    compute = Compute()
    compute.refuses = "deallocate"
    with pytest.raises(Failed, match="refused deallocate of the desk main: 403 AuthorizationFailed"):
        DeskPower(compute.send, lambda _: None).set_state(DESKS, PowerState.DEALLOCATED)
    with pytest.raises(Failed, match="desk main is not deallocated after 10 minutes"):
        DeskPower(Compute(polls=1000).send, lambda _: None).set_state(DESKS, PowerState.DEALLOCATED)


def test_no_answer_is_a_failure() -> None:
    def silent(*_: object) -> tuple[int, Any]:
        raise Unanswered("no network")

    with pytest.raises(Failed, match="did not answer about the desk a: no network"):
        DeskPower(silent, lambda _: None).set_state(DESKS, PowerState.RUNNING)
