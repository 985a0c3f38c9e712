"""Outputs of the platform that its program adds, changes or removes while the other stacks are deployed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from tests.journeys.conftest import Workspace

Exports = Callable[[Mapping[str, Any]], None]
READERS = "junction-zone, safe-haven, tre-hcm-progression"


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> Exports:
    """Returns a function that changes the exports of the platform's program, and adds more. None removes one."""

    def change(values: Mapping[str, Any]) -> None:
        def export(name: str, value: Any) -> None:
            for key, given in {name: value, **values}.items():
                if given is not None and name in (key, "network_id"):
                    pulumi.export(key, given)

        altered = SimpleNamespace(**{**vars(pulumi), "export": export})
        monkeypatch.setattr("infra.stacks.platform.pulumi", altered)

    return change


def test_an_output_that_deployed_stacks_read_is_not_removed(deployed: Workspace, exports: Exports) -> None:
    exports({"log_workspace_id": None})
    for command in (("preview", "platform"), ("up", "platform", "--yes")):
        text = deployed.sde(*command, code=3)
        assert "no resource changes, 1 output changes" in text
        assert f"platform: output log_workspace_id is removed; read by {READERS}" in text
    assert "log_workspace_id" in deployed.sde("outputs", "platform")
    deployed.sde("preview", "tre-hcm-progression")


def test_outputs_change_without_resources(deployed: Workspace, exports: Exports) -> None:
    exports({"new_output": "one", "bastion_range": "10.0.0.0/26"})
    text = deployed.sde("up", "platform", "--yes")
    assert 'new_output: "one"' in text
    assert "Nothing to change" not in text
    assert "no resource changes, 2 outputs change" in text
    assert f"platform: output bastion_range is changed; read by {READERS}" in text
    assert "10.0.0.0/26" in deployed.sde("outputs", "platform")
    assert "Nothing to change" in deployed.sde("preview", "platform")
