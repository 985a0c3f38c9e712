"""A change of a group on a locked store is refused with the commands that make it work."""

from __future__ import annotations

import shlex

from tests.journeys.conftest import Workspace

BEFORE, AFTER = "5bbb7694-f292-5ef8-995d-ea3581a724bc", "0f0e0d0c-1111-4222-8333-444455556666"


def test_another_group_of_stewards_replaces_the_first(deployed: Workspace) -> None:
    deployed.edit("estate.yaml", BEFORE, AFTER)
    deployed.sde("preview", "safe-haven", code=3)
    before = deployed.bytes()
    said = deployed.sde("up", "safe-haven", "--yes", code=3)
    assert "role assignment staging-stewards-writes: lock staging" in said
    assert deployed.bytes() == before
    for line in (line.strip() for line in said.splitlines()):
        if line.startswith("scripts/sde "):
            deployed.sde(*shlex.split(line)[1:], "--yes")
    assert not deployed.plans("safe-haven")["safe-haven"]
    deployed.sde("policy", "check", "safe-haven")
