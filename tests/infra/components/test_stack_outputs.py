"""The outputs of other stacks."""

from __future__ import annotations

import pulumi
import pytest

from formats.errors import InputError
from infra.components.stack_outputs import PlatformOutputs
from tests.infra.mock_stack import MockStack, run


def _read(outputs: dict[str, object], *path: str) -> MockStack:
    def program() -> None:
        pulumi.export("found", PlatformOutputs("platform").text(*path))

    return run(program, name="tre-hcm", platform=outputs)


def test_outputs_and_nested_outputs_are_read(platform: MockStack) -> None:
    assert _read(platform.outputs, "group_name").outputs["found"] == "rg-wmsde-platform-hub"
    zone = "privatelink.blob.core.windows.net"
    group = f"/subscriptions/{platform.subscription}/resourceGroups/rg-wmsde-platform-hub"
    found = _read(platform.outputs, "dns_zones", zone).outputs["found"]
    assert found == f"{group}/providers/Microsoft.Network/privateDnsZones/{zone}"


def test_a_missing_output_names_the_stack_to_bring_up() -> None:
    with pytest.raises(InputError) as raised:
        _read({"group_name": "old"}, "dns_zones", "nowhere")
    assert "older version" in str(raised.value)
    assert "sde up platform" in str(raised.value)
