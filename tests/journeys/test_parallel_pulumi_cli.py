"""Stacks that do not require each other are deployed side by side by the Pulumi CLI too."""

from __future__ import annotations

import json

from tests.journeys.conftest import Workspace
from tests.operations.estates import add_request
from tests.pulumi_cli import needs_cli
from tests.soak import in_soak_alone

TENANCIES = ["tre-hcm-progression", "tre-heart"]


@in_soak_alone
@needs_cli
def test_two_tenancies_are_deployed_by_the_cli_side_by_side(deployed: Workspace) -> None:
    """The changed way out has the hub deployed before and after them, so the CLI reads a hub's kept ways too."""
    add_request(deployed.estate, "heart")
    deployed.edit("estate.yaml", "203.0.113.16/29", "203.0.113.64/29")
    said = deployed.sde("up", "platform", *TENANCIES, "--yes", "--parallel", "2", "--engine", "pulumi", "--json")
    records = [json.loads(line) for line in said.splitlines() if line[:1] == "{"]
    (summary,) = (record for record in records if record["event"] == "summary")
    stacks = [stack["stack"] for stack in summary["stacks"]]
    assert (stacks[0], sorted(stacks[1:-1]), stacks[-1]) == ("platform", TENANCIES, "platform")
    starts = {name: [i for i, record in enumerate(records) if record.get("stack") == name] for name in TENANCIES}
    first, second = (range(found[0], found[-1]) for found in starts.values())
    assert first[0] in second or second[0] in first  # their events are interleaved
    assert not any(deployed.plans("--all").values())
