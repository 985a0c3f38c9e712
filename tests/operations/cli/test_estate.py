from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from formats.errors import InputError
from operations.cli.estate import EstateCatalog
from operations.settings import ROOT, Settings

TENANCY = "tre-hcm-progression"


@pytest.fixture
def house(tmp_path: Path) -> EstateCatalog:
    """The sample estate's copy, its configuration written into a home of its own."""
    shutil.copytree(ROOT / "estate", tmp_path / "estate")
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home")})
    house = EstateCatalog(tmp_path / "estate", settings, including_expired=False)
    house.render()
    return house


def again(house: EstateCatalog) -> EstateCatalog:
    return EstateCatalog(house.folder, house.settings, including_expired=False)


def test_what_is_required_stands_before_those_that_require_it(house: EstateCatalog) -> None:
    seen: set[str] = set()
    for stack in house.stacks:
        assert seen.issuperset(stack.requires)
        seen.add(stack.name)
        assert stack.settings.config["sde:cloud"] == stack.cloud
        assert yaml.safe_load(stack.settings.file.read_text())["config"].keys() == stack.settings.config.keys()


def test_a_second_render_writes_nothing(house: EstateCatalog) -> None:
    assert again(house).render() == []
    assert again(house).stale() == []


def test_an_ended_stack_gets_another_generation_and_only_that_one(house: EstateCatalog) -> None:
    before = {s.name: s.settings.config.get("sde:generation") for s in house.stacks}
    house.mark_destroyed("platform")
    after = {s.name: s.settings.config.get("sde:generation") for s in house.stacks}
    assert {name for name in before if before[name] != after[name]} == {"platform"}
    assert [file.name for file in house.stale()] == ["Pulumi.platform.yaml"]


def test_a_request_that_is_removed_leaves_a_stack_to_end(house: EstateCatalog) -> None:
    (house.folder / "requests" / "hcm-progression.yaml").unlink()
    house = again(house)
    (left,) = house.orphaned_stacks
    assert (left.name, left.cloud, left.requires) == (TENANCY, "local", ("platform", "safe-haven"))
    house.mark_destroyed(TENANCY)
    assert house.orphaned_stacks == []
    assert not left.settings.file.exists()


def test_a_left_configuration_that_is_damaged_is_named(house: EstateCatalog) -> None:
    (house.folder / "requests" / "hcm-progression.yaml").unlink()
    house = again(house)
    file = house.orphaned_stacks[0].settings.file
    file.write_text(file.read_text().splitlines()[0] + "\nconfig: {}\n")
    with pytest.raises(InputError, match=file.name):
        _ = house.orphaned_stacks
