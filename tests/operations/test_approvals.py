"""Each way out of the estate and into it has an owner, an approver, a purpose and an end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from formats.addresses import TenancyKind
from formats.errors import InputError
from operations.estate import load, render
from tests.operations.estates import TODAY, change, sample

TENANCY = "tre-hcm-progression"
FORMER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1IDdGQtx8ZP40TV/bhwypXXXXJy1kTySdCW0L+8XBK before"
KEY = "egress.bespoke[0].approval"


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    return sample(tmp_path)


def edit(estate: Path, edited: Callable[[Any], object]) -> None:
    change(estate / "estate.yaml", edited)


def first_provider(data: Any) -> Any:
    return data["integrated_care_systems"][0]["providers"][0]


def without_people(data: Any) -> None:
    data["egress"] = {"bespoke": [], "shared": []}
    del data["admin_key_approval"]
    for system in data["integrated_care_systems"]:
        for provider in system["providers"]:
            del provider["approval"]


@pytest.mark.parametrize(
    ("edited", "key"),
    [
        (lambda d: d["egress"]["bespoke"][0].pop("approval"), KEY),
        (lambda d: d["egress"]["shared"].append({"name": "more", "addresses": ["198.51.100.7"]}),
         "egress.shared[0].approval"),
        (lambda d: d.pop("admin_key_approval"), "admin_key_approval"),
        (lambda d: d.update(former_admin_keys=[{"key": FORMER_KEY}]), "former_admin_keys[0].approval"),
        (lambda d: first_provider(d).pop("approval"), "integrated_care_systems[0].providers[0].approval"),
    ],
)  # fmt: skip
def test_a_way_without_people_is_refused_with_an_example(
    estate: Path, edited: Callable[[Any], object], key: str
) -> None:
    edit(estate, edited)
    with pytest.raises(InputError) as caught:
        load(estate, today=TODAY)
    error = caught.value
    assert (error.file, error.key) == (str(estate / "estate.yaml"), key)
    assert f"{key.rpartition('.')[2]}: {{owner: 1111" in str(error.fix)
    assert "people.yaml" in str(error.fix)


@pytest.mark.parametrize("key", ["owner", "approver"])
def test_a_person_who_is_not_on_the_roster_is_refused(estate: Path, key: str) -> None:
    edit(estate, lambda d: d["egress"]["bespoke"][0]["approval"].update({key: "99999999-9999-4999-8999-999999999999"}))
    with pytest.raises(InputError, match="no such person") as caught:
        load(estate, today=TODAY)
    assert caught.value.key == f"{KEY}.{key}"


def test_an_estate_without_roster_and_ways_out_is_valid(estate: Path) -> None:
    edit(estate, without_people)
    (estate / "people.yaml").unlink()
    assert load(estate, today=TODAY).ways == ()


def test_a_way_out_needs_a_roster(estate: Path) -> None:
    (estate / "people.yaml").unlink()
    with pytest.raises(InputError, match=r"people\.yaml"):
        load(estate, today=TODAY)


def test_a_way_shows_private_addresses_as_one_range(estate: Path) -> None:
    edit(estate, lambda d: d["egress"]["bespoke"][0].update(addresses=["172.20.4.0/28", "203.0.113.20"]))
    (way,) = (way for way in load(estate, today=TODAY).ways if way.way.destinations)
    assert len(way.way.destinations) == 17
    assert "packages to 172.20.4.0/28, 203.0.113.20/32: owner" in way.text()


def test_people_are_not_in_the_configuration_of_stacks(estate: Path) -> None:
    texts = [rendered.text for rendered in render(load(estate, today=TODAY))]
    ids = [str(person.id) for person in load(estate, today=TODAY).people.people]
    assert ids
    assert not [text for text in texts if "approval" in text or any(id_ in text for id_ in ids)]


@pytest.mark.parametrize(("days", "valid"), [(3 * 365, True), (3 * 365 + 1, False), (900_000, False)])
def test_an_approval_runs_for_three_years_at_most(estate: Path, days: int, valid: bool) -> None:
    edit(estate, lambda d: d["egress"]["bespoke"][0]["approval"].update(expires=TODAY + timedelta(days)))
    if valid:
        assert load(estate, today=TODAY).ways
    else:
        with pytest.raises(InputError, match=r"approval\.expires.*\n.*\n.*a day up to 2029-11-21"):
            load(estate, today=TODAY)


def set_person(data: Any, day: object) -> None:
    data["people"][0]["expires"] = day


LONG: dict[str, tuple[str, Callable[[Any, object], object]]] = {
    "requests/hcm-progression.yaml": ("expires", lambda d, day: d.update(expires=day)),
    "people.yaml": (r"people\[0\]\.expires", set_person),
    "estate.yaml": (r"approval\.expires", lambda d, day: d["approval"].update(expires=day)),
}


@pytest.mark.parametrize("file", LONG)
@pytest.mark.parametrize(("longest", "days", "valid"), [
    (None, 1095, True), (None, 1096, False), (None, 26_000, False), (1826, 1826, True), (1100, 1101, False),
])  # fmt: skip
def test_nothing_is_approved_for_longer_than_the_estate_permits(
    estate: Path, file: str, longest: int | None, days: int, valid: bool
) -> None:
    key, put = LONG[file]
    edit(estate, lambda d: d.update(approvals={"longest_days": longest} if longest else {}))
    change(estate / file, lambda d: put(d, TODAY + timedelta(days)))
    if valid:
        load(estate, today=TODAY)
        return
    with pytest.raises(InputError, match=rf"runs too long.*\n.*{file}\n.*{key}\n.*\n.*longest_days"):
        load(estate, today=TODAY)


def test_a_project_that_is_renewed_each_year_is_valid(estate: Path) -> None:
    year = {"approved_on": TODAY - timedelta(3000), "expires": TODAY + timedelta(365)}
    change(estate / "requests" / "hcm-progression.yaml", lambda d: d.update(year))
    assert load(estate, today=TODAY).requests


@pytest.mark.parametrize("days", [29, 1831, "three years"])
def test_a_longest_time_outside_of_its_range_is_refused(estate: Path, days: object) -> None:
    edit(estate, lambda d: d.update(approvals={"longest_days": days}))
    with pytest.raises(InputError, match=r"approvals\.longest_days"):
        load(estate, today=TODAY)


def ends(estate: Path, stack: str) -> list[tuple[str, bool]]:
    return [(e.key, e.is_past) for e in load(estate, today=TODAY).expiries(stack) if e.refuses_preview]


@pytest.mark.parametrize(("days", "found"), [(61, []), (60, [False]), (1, [False]), (0, [True]), (-9, [True])])
def test_the_end_of_a_way_out_concerns_its_stacks(estate: Path, days: int, found: list[bool]) -> None:
    edit(estate, lambda d: d["egress"]["bespoke"][0]["approval"].update(expires=TODAY + timedelta(days)))
    for stack in ("platform", TENANCY):
        assert ends(estate, stack) == [(f"{KEY}.expires", past) for past in found]
    assert ends(estate, "safe-haven") == ends(estate, "junction-zone") == []


@pytest.mark.parametrize("key", ["owner", "approver"])
def test_a_way_ends_when_its_person_leaves(estate: Path, key: str) -> None:
    rule = load(estate, today=TODAY).file.egress[TenancyKind.BESPOKE][0]
    named = str(getattr(rule.approval, key).id)

    def leave(data: Any) -> None:
        next(p for p in data["people"] if p["id"] == named).update(expires=TODAY)

    change(estate / "people.yaml", leave)
    index = [person["id"] for person in yaml.safe_load((estate / "people.yaml").read_text())["people"]].index(named)
    for stack in ("platform", TENANCY):
        assert ends(estate, stack) == [(f"people[{index}].expires", True)], "once, for several ways"
    assert ends(estate, "safe-haven") == []


def test_the_end_of_a_providers_way_in_concerns_the_junction_zone(estate: Path) -> None:
    edit(estate, lambda d: first_provider(d)["approval"].update(expires=TODAY))
    assert ends(estate, "junction-zone") == [("integrated_care_systems[0].providers[0].approval.expires", True)]
    assert ends(estate, "platform") == ends(estate, TENANCY) == []


def test_the_end_of_the_key_concerns_the_tenancies(estate: Path) -> None:
    edit(estate, lambda d: d["admin_key_approval"].update(expires=TODAY))
    assert ends(estate, TENANCY) == [("admin_key_approval.expires", True)]
    assert ends(estate, "platform") == []
