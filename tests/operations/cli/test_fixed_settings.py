"""A refusal for protected resources says which key of the estate caused it, and the right way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from formats.errors import Failed, InputError, Refused, SdeError
from formats.stack_config import DataClass, StackConfig, TenancyConfig, read_config
from operations.access.records import Records
from operations.cli.fixed_settings import explained
from operations.cli.planview import protected
from operations.cli.run_progress import raise_errors
from operations.ledger.entry import Result
from operations.settings import ROOT
from tests.operations.cli.fakes import stack

REFUSAL = protected("s", "This would delete or replace protected resources:\n  keyvault:Key keys-data")


def explain(name: str, error: SdeError, changes: Mapping[str, Any], *, result: Result = Result.SUCCEEDED) -> str:
    """Return the error of a stack that was deployed with other settings."""
    config = read_config(name, ROOT / f"Pulumi.{name}.yaml")
    before: StackConfig = config.model_copy(update=changes)
    done = [SimpleNamespace(result=result)]
    records = SimpleNamespace(until=lambda *_: done, config=lambda found: before if found else None)
    one = replace(stack(name), config=config)
    found = explained(error, one, lambda _: cast(Records, records))
    assert type(found) is type(error)
    return str(found)


@pytest.mark.parametrize(("name", "changes", "where", "fix"), [
    ("platform", {"region": "ukwest"}, "estate.yaml, region: uksouth; deployed: ukwest", "Set it back to ukwest."),
    ("platform", {"estate": "other"}, "estate.yaml, code: wmsde; deployed: other", "Set it back to other."),
    ("tre-hcm-progression", {"generation": 2},
     "allocations.yaml, stacks.tre-hcm-progression.generation: 1; deployed: 2",
     "Restore allocations.yaml from version control, with generation 2"),
    ("tre-hcm-progression", {"data_class": DataClass.SYNTHETIC},
     "requests/hcm-progression.yaml, data_class: de-identified; deployed: synthetic", "a project of its own"),
    ("platform", {"data_class": DataClass.SYNTHETIC}, "estate.yaml, data_class: identifiable", "an estate of its own"),
    ("tre-hcm-progression", {"subscription": UUID(int=5)}, "estate.yaml, cells: 10ca1000", "at the end of the list"),
])  # fmt: skip
def test_the_key_that_cannot_change_is_named(name: str, changes: dict[str, Any], where: str, fix: str) -> None:
    text = explain(name, REFUSAL, changes)
    assert f"cause:   {where}" in text
    assert fix in text
    assert "keyvault:Key keys-data" in text
    assert "sde destroy" not in text
    assert text.count("fix:") == 1


def test_a_removed_provider_is_closed_and_no_stack_destroyed() -> None:
    config = read_config("junction-zone", ROOT / "Pulumi.junction-zone.yaml")
    gone = config.providers[0].model_copy(update={"code": "zq9"})  # type: ignore[attr-defined]
    text = explain("junction-zone", REFUSAL, {"providers": (*config.providers, gone)})  # type: ignore[attr-defined]
    assert "no provider ZQ9; deployed: the provider ZQ9" in text
    assert "closed: true" in text
    assert "destroy" not in text


def test_any_other_key_is_named_with_both_values() -> None:
    config = read_config("tre-hcm-progression", ROOT / "Pulumi.tre-hcm-progression.yaml")
    assert isinstance(config, TenancyConfig)
    desk = config.desks[0].model_copy(update={"zone": 3, "admin_public_key": "ssh-ed25519 AAAA x"})
    text = explain("tre-hcm-progression", REFUSAL, {"desks": (desk,)})
    assert "requests/hcm-progression.yaml, desks[0].zone: nothing; deployed: 3" in text
    assert "estate.yaml, desks[0].admin_public_key" in text


def test_a_failure_names_the_keys_that_led_to_it() -> None:
    config = read_config("tre-hcm-progression", ROOT / "Pulumi.tre-hcm-progression.yaml")
    assert isinstance(config, TenancyConfig)
    desk = config.desks[0].model_copy(update={"data_disk_gib": 2048})
    text = explain("tre-hcm-progression", Failed("compute:Disk desk-data: Code=ResizeDiskError"), {"desks": (desk,)})
    assert text.endswith("ResizeDiskError\n  changed: requests/hcm-progression.yaml desks[0].data_disk_gib")
    assert explain("tre-hcm-progression", Failed("x"), {}) == "x"


def test_what_is_not_known_is_not_told() -> None:
    assert explain("platform", REFUSAL, {"generation": 2}, result=Result.FAILED) == str(REFUSAL)
    assert explain("platform", Refused("The policies refuse this."), {"generation": 2}) == "The policies refuse this."
    assert "no key of the estate has changed" in explain("platform", REFUSAL, {})

    def unreadable(_: str) -> Records:
        raise InputError("There is no ledger.")

    one = replace(stack("platform"), config=read_config("platform", ROOT / "Pulumi.platform.yaml"))
    assert explained(REFUSAL, one, unreadable) is REFUSAL


def test_the_error_of_each_stack_has_its_name_and_all_its_lines() -> None:
    with pytest.raises(Failed) as one:
        raise_errors({"a": Failed("Code=X\n  fix: y")}, 3, "failed")
    assert str(one.value) == "a: Code=X\n  fix: y"
    with pytest.raises(Failed) as both:
        raise_errors({"a": Refused("a: no\n  fix: z"), "b": Failed("Code=X\n  fix: y")}, 3, "failed")
    assert str(both.value) == "2 of 3 stacks failed:\na: no\n  fix: z\nb: Code=X\n  fix: y"
