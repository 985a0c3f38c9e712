"""The four stacks of one cell, each brought up once against Pulumi's mocks for all tests."""

from __future__ import annotations

import pytest

from infra.stacks.programs import bring_up
from tests.infra import samples
from tests.infra.world import World, run


@pytest.fixture(scope="session")
def platform() -> World:
    return run(lambda: bring_up(samples.platform()), name="platform")


@pytest.fixture(scope="session")
def junction_zone(platform: World) -> World:
    return run(lambda: bring_up(samples.junction_zone()), name="junction-zone", platform=platform.outputs)


@pytest.fixture(scope="session")
def safe_haven(platform: World, junction_zone: World) -> World:
    return run(lambda: bring_up(samples.safe_haven()), name="safe-haven", platform=platform.outputs,
               junction_zone=junction_zone.outputs)  # fmt: skip


@pytest.fixture(scope="session")
def tenancy(platform: World, safe_haven: World) -> World:
    return run(lambda: bring_up(samples.tenancy()), name="tre-hcm", platform=platform.outputs,
               safe_haven=safe_haven.outputs)  # fmt: skip


@pytest.fixture(scope="session", params=["platform", "junction_zone", "safe_haven", "tenancy"])
def stack(request: pytest.FixtureRequest) -> World:
    """Each stack in turn."""
    world: World = request.getfixturevalue(request.param)
    return world
