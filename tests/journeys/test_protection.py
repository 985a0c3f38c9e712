"""Protected resources are neither deleted nor replaced by a change."""

from __future__ import annotations

from tests.journeys.conftest import Workspace


def test_a_change_of_every_name_is_refused(deployed: Workspace) -> None:
    deployed.edit("estate.yaml", "code: wmsde", "code: other")
    deployed.sde("render")
    before = deployed.bytes()
    for command in (("preview", "platform"), ("up", "platform", "--yes"), ("up", "--all", "--yes")):
        output = deployed.sde(*command, code=3)
        assert "azure-native:storage:StorageAccount flows would be replaced" in output
        assert deployed.bytes() == before


def test_a_stack_with_dependents_is_not_destroyed(deployed: Workspace) -> None:
    before = deployed.bytes()
    output = deployed.sde("destroy", "platform", "--yes", code=3)
    assert "scripts/sde destroy platform junction-zone safe-haven tre-hcm-progression" in output
    assert deployed.bytes() == before
