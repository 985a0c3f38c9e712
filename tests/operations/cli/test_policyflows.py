"""What people are told of the flows that must not exist."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.operations.cli.fakes import Desk, stack
from tests.policies import shipped

TENANCY = "tre-hcm-progression"


@pytest.fixture
def whole(desk: Desk) -> Desk:
    """The shipped estate, up."""
    desk.house.stacks = [stack(name) for name in shipped.STACKS]
    desk.engine.plans = {name: shipped.after(name).resources for name in shipped.STACKS}
    desk.engine.has = {name: ["a"] for name in shipped.STACKS}
    return desk


def test_a_flow_with_too_few_controls_is_refused_with_its_path(whole: Desk) -> None:
    assert whole("policy", "flows", "--all") == 3
    assert "from a tenancy to the Internet, past the airlock" in whole.out
    assert "then: " in whole.out
    assert "stopped by too few controls" in whole.err


def test_tells_programs_each_way_with_its_controls_and_the_plans_it_read(whole: Desk) -> None:
    assert whole("policy", "flows", "--all", "--json") == 3
    event = next(line for line in whole.lines if line.get("event") == "flows")
    assert set(event["plans"]) == set(shipped.STACKS)
    assert event["findings"] == sum(flow["finding"] for flow in event["flows"])
    for flow in event["flows"]:
        assert {len(way["controls"]) for way in flow["ways"]} == {flow["depth"]}
        assert all(way["path"] and way["to"] for way in flow["ways"])


def test_a_named_stack_shows_the_flows_that_concern_it(whole: Desk, tmp_path: Path) -> None:
    file = tmp_path / "flows.json"
    assert whole("policy", "flows", TENANCY, "-o", str(file)) == 3
    kinds = {flow["flow"] for flow in json.loads(file.read_text())["flows"]}
    assert kinds == {"past-staging", "past-airlock"}


def test_a_file_that_cannot_be_written_is_refused_before_the_work(whole: Desk, tmp_path: Path) -> None:
    assert whole("policy", "flows", "--all", "-o", str(tmp_path)) == 2
    assert whole.engine.calls == []


def test_an_estate_without_data_is_no_estate_without_flows(desk: Desk) -> None:
    desk.house.stacks = desk.house.stacks[:1]
    assert desk("policy", "flows", "--all") == 2
    assert "Nothing here holds data" in desk.err
