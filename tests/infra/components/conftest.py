"""A room with a network's doorway, for components on their own."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import pytest

from infra.components.part import Doorway
from infra.components.room import Room
from infra.config import StackConfig
from tests.infra import samples
from tests.infra.world import World, run

LOGS = "/logs"


class Names:
    """Knows every zone."""

    def zone(self, name: str) -> str:
        return f"/zones/{name}"


DOOR = Doorway("/subnets/endpoints", Names(), (), IPv4Address("10.0.0.4"))
Build = Callable[..., World]


@pytest.fixture
def build() -> Build:
    """Runs what is made in a room of a project's stack."""

    def made(inside: Callable[[Room], Any], config: StackConfig | None = None) -> World:
        def program() -> None:
            with Room("project", config or samples.tenancy(), "project", logs=LOGS) as room:
                inside(room)

        return run(program, name="tre-hcm")

    return made
