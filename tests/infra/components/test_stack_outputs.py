"""The outputs of other stacks."""

from __future__ import annotations

import pulumi
import pytest

from formats.errors import InputError
from formats.stack_reads import READS
from infra.components.stack_outputs import PlatformOutputs, export_reads
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


def test_a_missing_output_of_a_deployed_stack_may_be_newer_or_older() -> None:
    with pytest.raises(InputError) as raised:
        _read({"group_name": "old"}, "dns_zones", "nowhere")
    assert "older" not in str(raised.value)
    assert "If sde preview platform adds it, then sde up platform" in str(raised.value)


def test_a_stack_without_outputs_is_to_be_brought_up() -> None:
    with pytest.raises(InputError, match="is not up yet"):
        _read({}, "group_name")


def test_every_read_is_exported(platform: MockStack) -> None:
    def program() -> None:
        outputs = PlatformOutputs("platform")
        outputs.zone_id("privatelink.blob.core.windows.net")
        export_reads(outputs)

    found = run(program, name="tre-hcm", platform=platform.outputs).outputs[READS]
    assert set(found) == {"platform"}
    assert {"group_name", "tenancy_ranges", 'dns_zones["privatelink.blob.core.windows.net"]'} <= set(found["platform"])
    assert found["platform"] == sorted(found["platform"])
