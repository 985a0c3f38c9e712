"""What a stack knows of another."""

from __future__ import annotations

import pulumi
import pytest

from infra.components.references import Platform
from infra.errors import BadInput
from tests.infra.world import World, run


def _read(outputs: dict[str, object], *path: str) -> World:
    def program() -> None:
        pulumi.export("found", Platform("platform").text(*path))

    return run(program, name="tre-hcm", platform=outputs)


def test_reads_an_output_and_one_inside_another(platform: World) -> None:
    assert _read(platform.outputs, "group_name").outputs["found"] == "rg-wmsde-platform-hub"
    zone = "privatelink.blob.core.windows.net"
    assert _read(platform.outputs, "dns_zones", zone).outputs["found"] == f"/zones/{zone}"


def test_one_that_is_missing_says_which_stack_to_bring_up() -> None:
    with pytest.raises(BadInput) as raised:
        _read({"group_name": "old"}, "dns_zones", "nowhere")
    assert "older version" in str(raised.value)
    assert "sde up platform" in str(raised.value)
