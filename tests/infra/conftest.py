"""The four stacks of one cell, each run once against Pulumi's mocks for all tests."""

from __future__ import annotations

import pytest

from infra.stacks.programs import declare_stack
from tests.infra import samples
from tests.infra.mock_stack import MockStack, run


@pytest.fixture(scope="session")
def platform() -> MockStack:
    return run(lambda: declare_stack(samples.platform()), name="platform")


@pytest.fixture(scope="session")
def junction_zone(platform: MockStack) -> MockStack:
    return run(lambda: declare_stack(samples.junction_zone()), name="junction-zone", platform=platform.outputs)


@pytest.fixture(scope="session")
def safe_haven(platform: MockStack, junction_zone: MockStack) -> MockStack:
    return run(lambda: declare_stack(samples.safe_haven()), name="safe-haven", platform=platform.outputs,
               junction_zone=junction_zone.outputs)  # fmt: skip


@pytest.fixture(scope="session")
def tenancy(platform: MockStack, safe_haven: MockStack) -> MockStack:
    return run(lambda: declare_stack(samples.tenancy()), name="tre-hcm", platform=platform.outputs,
               safe_haven=safe_haven.outputs)  # fmt: skip


@pytest.fixture(scope="session", params=["platform", "junction_zone", "safe_haven", "tenancy"])
def stack(request: pytest.FixtureRequest) -> MockStack:
    """Return each stack in turn."""
    stack: MockStack = request.getfixturevalue(request.param)
    return stack
