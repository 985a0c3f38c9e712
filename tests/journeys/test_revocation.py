"""A change of a group on a locked store goes through, and the former group has no right left."""

from __future__ import annotations

from tests.journeys.conftest import Workspace

BEFORE, AFTER = "5bbb7694-f292-5ef8-995d-ea3581a724bc", "0f0e0d0c-1111-4222-8333-444455556666"


def test_another_group_of_stewards_replaces_the_first(deployed: Workspace) -> None:
    deployed.edit("estate.yaml", BEFORE, AFTER)
    said = deployed.sde("preview", "safe-haven")
    assert "1 role assignment under a lock: staging-stewards-writes" in said
    said = deployed.sde("up", "safe-haven", "--yes")
    assert said.count("Who can now read, write or reach which data") == 1
    assert not deployed.plans("safe-haven")["safe-haven"]
    deployed.sde("policy", "check", "safe-haven")
    said = deployed.sde("access", "--stack", "safe-haven")
    assert "stewards of staging" in said
    assert BEFORE not in said
