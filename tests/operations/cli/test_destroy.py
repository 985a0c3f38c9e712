from __future__ import annotations

import pytest

from tests.operations.cli.fakes import CliRunner, stack


@pytest.fixture
def standing(sde: CliRunner) -> CliRunner:
    sde.engine.has = {name: ["a", "b"] for name in ("platform", "safe-haven", "tre-heart", "platform-north")}
    return sde


def destroyed(sde: CliRunner) -> list[str]:
    return [name for what, name in sde.engine.calls if what == "destroy"]


def test_stacks_go_in_the_reverse_of_their_order(standing: CliRunner) -> None:
    assert standing("destroy", "--all", "--cloud", "local", "--yes") == 0
    assert destroyed(standing) == ["tre-heart", "safe-haven", "platform"]


def test_a_stack_that_others_stand_on_is_refused_by_their_names(standing: CliRunner) -> None:
    assert standing("destroy", "platform", "--yes") == 3
    assert "safe-haven tre-heart" in standing.err
    assert destroyed(standing) == []


def test_others_that_are_gone_do_not_hold_it(standing: CliRunner) -> None:
    standing.engine.has["safe-haven"] = []
    del standing.engine.has["tre-heart"]
    assert standing("destroy", "platform", "--yes") == 0


def test_protection_is_released_in_the_local_azure(standing: CliRunner) -> None:
    standing.engine.protected = {"a"}
    assert standing("destroy", "tre-heart", "--yes") == 0
    assert destroyed(standing) == ["tre-heart"]


def test_protected_data_in_azure_stays_until_its_stack_is_named(standing: CliRunner) -> None:
    standing.engine.protected = {"a"}
    assert standing("destroy", "platform-north", "--yes") == 3
    assert "--release-data platform-north" in standing.err
    assert destroyed(standing) == []
    assert standing("destroy", "platform-north", "--yes", "--release-data", "platform-north") == 0


def test_nothing_goes_where_any_stack_is_refused(standing: CliRunner) -> None:
    standing.engine.protected = {"a"}
    assert standing("destroy", "--all", "--yes") == 3
    assert destroyed(standing) == []


def test_a_release_for_a_stack_that_stays_is_wrong_use(standing: CliRunner) -> None:
    assert standing("destroy", "tre-heart", "--yes", "--release-data", "platform-north") == 2


def test_a_target_never_releases_protection(standing: CliRunner) -> None:
    standing.engine.protected = {"a"}
    urn = "urn:pulumi:s::sde::azure-native:storage:StorageAccount::a"
    assert standing("destroy", "tre-heart", "--yes", "--target", urn) == 3
    assert destroyed(standing) == []


def test_a_whole_destroy_begins_a_new_life_and_a_target_does_not(standing: CliRunner) -> None:
    urn = "urn:pulumi:s::sde::azure-native:storage:StorageAccount::a"
    standing("destroy", "tre-heart", "--yes", "--target", urn)
    assert standing.catalog.lives == []
    standing.engine.has["tre-heart"] = ["b"]
    standing("destroy", "tre-heart", "--yes")
    assert standing.catalog.lives == ["tre-heart"]


def test_what_is_not_there_is_no_failure(sde: CliRunner) -> None:
    assert sde("destroy", "--all", "--yes") == 0
    assert "platform: has nothing." in sde.out
    assert sde.catalog.lives == []


def test_without_a_yes_nothing_goes(standing: CliRunner) -> None:
    assert standing("destroy", "tre-heart") == 2
    assert destroyed(standing) == []


def test_a_stack_that_left_the_estate_can_still_be_ended_and_holds_what_it_stands_on(standing: CliRunner) -> None:
    standing.catalog.orphaned_stacks = [stack("tre-ended", "platform", "safe-haven")]
    standing.engine.has = {"platform": ["a"], "safe-haven": ["a"], "tre-ended": ["a"]}
    assert standing("destroy", "safe-haven", "--yes") == 3
    assert "tre-ended" in standing.err
    assert standing("up", "tre-ended", "--yes") == 2
    assert standing("destroy", "--all", "--cloud", "local", "--yes") == 0
    assert destroyed(standing) == ["tre-ended", "safe-haven", "platform"]


def test_what_left_the_estate_and_is_gone_is_not_spoken_of(standing: CliRunner) -> None:
    standing.catalog.orphaned_stacks = [stack("tre-ended", "platform")]
    standing("stacks", "--json")
    assert "tre-ended" not in standing.out
