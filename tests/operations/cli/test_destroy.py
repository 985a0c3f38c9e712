from __future__ import annotations

import pytest

from tests.operations.cli.fakes import CliRunner, stack


@pytest.fixture
def deployed(sde: CliRunner) -> CliRunner:
    sde.engine.has = {name: ["a", "b"] for name in ("platform", "safe-haven", "tre-heart", "platform-north")}
    return sde


def destroy_calls(sde: CliRunner) -> list[str]:
    return [name for what, name in sde.engine.calls if what == "destroy"]


def test_stacks_are_destroyed_in_reverse_dependency_order(deployed: CliRunner) -> None:
    assert deployed("destroy", "--all", "--cloud", "local", "--yes") == 0
    assert destroy_calls(deployed) == ["tre-heart", "safe-haven", "platform"]


def test_a_stack_with_dependents_is_refused_with_their_names(deployed: CliRunner) -> None:
    assert deployed("destroy", "platform", "--yes") == 3
    assert "safe-haven tre-heart" in deployed.err
    assert destroy_calls(deployed) == []


def test_destroyed_dependents_do_not_prevent_a_destroy(deployed: CliRunner) -> None:
    deployed.engine.has["safe-haven"] = []
    del deployed.engine.has["tre-heart"]
    assert deployed("destroy", "platform", "--yes") == 0


def test_protection_is_released_in_the_local_azure(deployed: CliRunner) -> None:
    deployed.engine.protected = {"a"}
    assert deployed("destroy", "tre-heart", "--yes") == 0
    assert destroy_calls(deployed) == ["tre-heart"]


def test_protected_data_in_azure_needs_release_data(deployed: CliRunner) -> None:
    deployed.engine.protected = {"a"}
    assert deployed("destroy", "platform-north", "--yes") == 3
    assert "--release-data platform-north" in deployed.err
    assert destroy_calls(deployed) == []
    assert deployed("destroy", "platform-north", "--yes", "--release-data", "platform-north") == 0


def test_one_refused_stack_prevents_every_deletion(deployed: CliRunner) -> None:
    deployed.engine.protected = {"a"}
    assert deployed("destroy", "--all", "--yes") == 3
    assert destroy_calls(deployed) == []


def test_release_data_for_an_unselected_stack_is_wrong_use(deployed: CliRunner) -> None:
    assert deployed("destroy", "tre-heart", "--yes", "--release-data", "platform-north") == 2


def test_a_target_never_releases_protection(deployed: CliRunner) -> None:
    deployed.engine.protected = {"a"}
    urn = "urn:pulumi:s::sde::azure-native:storage:StorageAccount::a"
    assert deployed("destroy", "tre-heart", "--yes", "--target", urn) == 3
    assert destroy_calls(deployed) == []


def test_only_a_whole_destroy_increments_the_generation(deployed: CliRunner) -> None:
    urn = "urn:pulumi:s::sde::azure-native:storage:StorageAccount::a"
    deployed("destroy", "tre-heart", "--yes", "--target", urn)
    assert deployed.catalog.destroyed == []
    deployed.engine.has["tre-heart"] = ["b"]
    deployed("destroy", "tre-heart", "--yes")
    assert deployed.catalog.destroyed == ["tre-heart"]


def test_destroying_nothing_succeeds(sde: CliRunner) -> None:
    assert sde("destroy", "--all", "--yes") == 0
    assert "platform: has no resources." in sde.out
    assert sde.catalog.destroyed == []


def test_without_confirmation_nothing_is_destroyed(deployed: CliRunner) -> None:
    assert deployed("destroy", "tre-heart") == 2
    assert destroy_calls(deployed) == []


def test_an_orphaned_stack_can_be_destroyed_and_counts_as_dependent(deployed: CliRunner) -> None:
    deployed.catalog.orphaned_stacks = [stack("tre-ended", "platform", "safe-haven", is_orphaned=True)]
    deployed.engine.has = {"platform": ["a"], "safe-haven": ["a"], "tre-ended": ["a"]}
    assert deployed("destroy", "safe-haven", "--yes") == 3
    assert "tre-ended" in deployed.err
    assert deployed("up", "tre-ended", "--yes") == 2
    assert deployed("destroy", "--all", "--cloud", "local", "--yes") == 0
    assert destroy_calls(deployed) == ["tre-ended", "safe-haven", "platform"]


def test_a_destroyed_orphaned_stack_is_not_listed(deployed: CliRunner) -> None:
    deployed.catalog.orphaned_stacks = [stack("tre-ended", "platform", is_orphaned=True)]
    deployed("stacks", "--json")
    assert "tre-ended" not in deployed.out
