"""`sde policy flows`: output and exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import networkx as nx
import pytest

from scripts.check_certificate import main as check_certificate
from tests.operations.cli.fakes import CliRunner, stack
from tests.people import APPROVERS, OWNER
from tests.policies import shipped

TENANCY = "tre-hcm-progression"


@pytest.fixture
def whole(sde: CliRunner) -> CliRunner:
    """The shipped estate, up."""
    sde.catalog.stacks = [stack(name, config=shipped.configs()[name]) for name in shipped.STACKS]
    sde.engine.plans = {name: shipped.after(name).resources for name in shipped.STACKS}
    sde.engine.has = {name: ["a"] for name in shipped.STACKS}
    return sde


@pytest.fixture
def weak(whole: CliRunner) -> CliRunner:
    """The same with a Bastion tunnel, so that the SSH settings of the desk are the only control."""
    plan = shipped.after("platform")
    whole.engine.plans["platform"] = tuple(
        replace(r, inputs={**r.inputs, "enableTunneling": True}) if r.type.endswith(":BastionHost") else r
        for r in plan.resources
    )
    return whole


def test_the_shipped_estate_has_three_controls_for_each_flow(whole: CliRunner) -> None:
    assert whole("policy", "flows", "--all") == 0
    assert "from a tenancy to the Internet, past the airlock" in whole.out
    assert "at least 3 controls prevent each" in whole.out
    assert "weakest: " in whole.out


def test_a_flow_with_too_few_controls_is_refused_with_its_path(weak: CliRunner) -> None:
    assert weak("policy", "flows", "--all") == 3
    assert "only one control prevents it" in weak.out
    assert "SSH to tre-hcm-progression/desk gives a terminal" in weak.out
    assert "then: " in weak.out
    assert "too few controls" in weak.err


def test_the_analysed_graph_is_written(weak: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "flows.graphml"
    assert weak("policy", "flows", "--all", "--graph", str(file)) == 3
    graph = nx.read_graphml(file)
    called = {number: data["label"] for number, data in graph.nodes(data=True)}
    assert {"internet", "container", "people", "computer", "identity"} == set(
        nx.get_node_attributes(graph, "kind").values()
    )
    today = [(called[a], called[b]) for a, b, depth in graph.edges(data="depth") if depth == 0]
    assert (f"the computer {TENANCY}/desk", f"{TENANCY}/data/project") in today
    assert any(depth == 1 and "terminal" in controls for _, _, depth, controls in
               ((a, b, d["depth"], d["controls"]) for a, b, d in graph.edges(data=True)))  # fmt: skip


def test_the_graph_cannot_go_to_stdout(whole: CliRunner) -> None:
    assert whole("policy", "flows", "--all", "--graph", "-") == 2
    assert "--graph" in whole.err


def test_the_certificate_is_of_these_plans_and_has_the_printed_digest(weak: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "certificate.json"
    assert weak("policy", "flows", TENANCY, "--json", "--certificate", str(file)) == 3
    event = next(line for line in weak.lines if line.get("event") == "flows")
    assert check_certificate([str(file), "--digest", event["certificate"]]) == 0
    stated = json.loads(file.read_text())
    assert stated["estate"]["plans"] == event["plans"]
    assert set(stated["estate"]) == {"plans", "catalogue", "doubts", "left_out"}
    assert min(flow["at_least"] for flow in stated["flows"]) == 1
    assert {flow["flow"] for flow in stated["flows"]} > {flow["flow"] for flow in event["flows"]}, "the whole estate"


def test_the_certificate_cannot_go_to_stdout(whole: CliRunner) -> None:
    assert whole("policy", "flows", "--all", "--certificate", "-") == 2
    assert "--certificate" in whole.err


def test_json_has_each_path_with_its_controls_and_plan_digests(weak: CliRunner) -> None:
    assert weak("policy", "flows", "--all", "--json") == 3
    event = next(line for line in weak.lines if line.get("event") == "flows")
    assert set(event["plans"]) == set(shipped.STACKS)
    assert event["findings"] == sum(flow["finding"] for flow in event["flows"]) > 0
    for flow in event["flows"]:
        assert {len(way["controls"]) for way in flow["ways"]} == {flow["depth"]}
        assert all(way["path"] and way["to"] for way in flow["ways"])


def test_an_exempt_finding_is_shown_and_not_refused(weak: CliRunner, tmp_path: Path) -> None:
    day = datetime.now(UTC).date()
    file = tmp_path / "exemptions.yaml"
    file.write_text(f"""
exemptions:
  - id: tunnel
    policy: FL2
    resource: {TENANCY}:resources:ResourceGroup:project
    owner: {OWNER}
    approver: {APPROVERS[0]}
    second_approver: {APPROVERS[1]}
    reason: A test of restoring desks needs the tunnel.
    compensating_control: Somebody watches every session from beginning to end.
    granted: {day}
    expires: {day + timedelta(days=9)}
""")
    assert weak("policy", "flows", "--all", "--exemptions", str(file)) == 0
    shown = " ".join(weak.out.split())
    assert "(tunnel)" in shown
    assert "1 exempt" in shown
    weak("policy", "flows", "--all", "--json", "--exemptions", str(file))
    event = next(line for line in weak.lines if line.get("event") == "flows")
    assert (event["findings"], event["exempt"]) == (1, 1)
    assert [flow["exemption"] for flow in event["flows"] if flow["finding"]] == ["tunnel"]


def test_a_named_stack_selects_its_flows(whole: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "flows.json"
    assert whole("policy", "flows", TENANCY, "-o", str(file)) == 0
    kinds = {flow["flow"] for flow in json.loads(file.read_text())["flows"]}
    assert kinds == {"past-staging", "past-airlock"}


def test_an_unwritable_file_is_refused_before_the_analysis(whole: CliRunner, tmp_path: Path) -> None:
    assert whole("policy", "flows", "--all", "-o", str(tmp_path)) == 2
    assert whole.engine.calls == []


def test_an_estate_without_data_is_refused(sde: CliRunner) -> None:
    sde.catalog.stacks = sde.catalog.stacks[:1]
    assert sde("policy", "flows", "--all") == 2
    assert "The estate has no data containers" in sde.err
