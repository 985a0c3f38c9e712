"""What holds data is neither deleted nor replaced by a change, whatever the change is."""

from __future__ import annotations

from tests.journeys.conftest import Place


def test_another_code_for_every_name_changes_nothing(standing: Place) -> None:
    standing.edit("estate.yaml", "code: wmsde", "code: other")
    standing.sde("render")
    before = standing.bytes()
    for command in (("preview", "platform"), ("up", "platform", "--yes"), ("up", "--all", "--yes")):
        said = standing.sde(*command, code=3)
        assert "azure-native:storage:StorageAccount flows would be replaced" in said
        assert standing.bytes() == before


def test_what_others_stand_on_stays(standing: Place) -> None:
    before = standing.bytes()
    said = standing.sde("destroy", "platform", "--yes", code=3)
    assert "scripts/sde destroy platform junction-zone safe-haven tre-hcm-progression" in said
    assert standing.bytes() == before


def test_a_destroyed_estate_comes_up_again(standing: Place) -> None:
    standing.sde("destroy", "--all", "--yes")
    standing.sde("up", "--all", "--yes")
    assert not any(standing.plans("--all").values())
