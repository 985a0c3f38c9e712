from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from formats.errors import InputError
from operations.cli.estate import EstateCatalog
from operations.settings import Settings
from tests.operations.estates import add_request, copy_whole, snapshot

TENANCY = "tre-hcm-progression"


@pytest.fixture
def catalog(tmp_path: Path) -> EstateCatalog:
    """A copy of the sample estate, with its own folder for configuration files."""
    copy_whole(tmp_path / "estate")
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home")})
    catalog = EstateCatalog(tmp_path / "estate", settings)
    catalog.render()
    return catalog


def reopened(catalog: EstateCatalog) -> EstateCatalog:
    return EstateCatalog(catalog.folder, catalog.settings)


def test_required_stacks_come_first(catalog: EstateCatalog) -> None:
    seen: set[str] = set()
    for stack in catalog.stacks:
        assert seen.issuperset(stack.requires)
        seen.add(stack.name)
        assert stack.settings.config["sde:cloud"] == stack.cloud
        assert yaml.safe_load(stack.settings.file.read_text())["config"].keys() == stack.settings.config.keys()


def test_a_second_render_writes_nothing(catalog: EstateCatalog) -> None:
    assert reopened(catalog).render() == []
    assert reopened(catalog).stale() == []


def test_only_the_destroyed_stack_gets_a_new_generation(catalog: EstateCatalog) -> None:
    before = {s.name: s.settings.config.get("sde:generation") for s in catalog.stacks}
    catalog.mark_destroyed("platform")
    after = {s.name: s.settings.config.get("sde:generation") for s in catalog.stacks}
    assert {name for name in before if before[name] != after[name]} == {"platform"}
    assert [file.name for file in catalog.stale()] == ["Pulumi.platform.yaml"]


def test_a_removed_request_leaves_an_orphaned_stack(catalog: EstateCatalog) -> None:
    (catalog.folder / "requests" / "hcm-progression.yaml").unlink()
    catalog = reopened(catalog)
    (left,) = catalog.orphaned_stacks
    assert (left.name, left.kind, left.cloud) == (TENANCY, "bespoke", "local")
    assert (left.requires, left.is_orphaned) == (("platform", "safe-haven"), True)
    catalog.mark_destroyed(TENANCY)
    assert not left.settings.file.exists()


def test_an_orphaned_stack_without_its_configuration_is_known_from_the_ledger(catalog: EstateCatalog) -> None:
    (before,) = [stack for stack in catalog.stacks if stack.name == TENANCY]
    (catalog.folder / "requests" / "hcm-progression.yaml").unlink()
    before.settings.file.unlink()
    (found,) = reopened(catalog).orphaned_stacks
    assert found.is_orphaned
    assert (found.name, found.kind, found.cloud, found.cell) == (TENANCY, before.kind, before.cloud, before.cell)
    assert set(found.requires) == set(before.requires)
    assert found.settings.config.items() <= before.settings.config.items()
    assert found.settings.file == before.settings.file


def test_a_damaged_configuration_of_an_orphan_is_named(catalog: EstateCatalog) -> None:
    (catalog.folder / "requests" / "hcm-progression.yaml").unlink()
    catalog = reopened(catalog)
    file = catalog.orphaned_stacks[0].settings.file
    file.write_text(file.read_text().splitlines()[0] + "\nconfig: {}\n")
    with pytest.raises(InputError, match=file.name):
        _ = catalog.orphaned_stacks


def test_a_command_that_changes_nothing_writes_neither_allocations_nor_configuration(catalog: EstateCatalog) -> None:
    """The typo of a project's name takes no slot, and leaves no file."""
    add_request(catalog.folder, "typo-naem")
    catalog = reopened(catalog)
    before = snapshot(catalog.folder) | snapshot(catalog.stacks[0].settings.file.parent)
    catalog.stage()
    staged = {stack.name: stack.settings.file for stack in catalog.stacks}
    assert snapshot(catalog.folder) | snapshot(staged["platform"].parent) == before
    assert yaml.safe_load(staged["tre-typo-naem"].read_text())["config"]["sde:project"] == "typo-naem"
    assert staged["tre-typo-naem"].parent != staged["platform"].parent
    assert catalog.settings.home in staged["tre-typo-naem"].parents
