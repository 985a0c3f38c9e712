"""The people and data sets of a request, and the JSON Schema of requests for editors."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from approvals.request_files import json_of
from formats.errors import InputError
from formats.yaml_reader import read_mapping
from operations.estate import load, render
from operations.estate.request_document import FILE, document, text
from operations.settings import ROOT
from tests.operations.estates import TODAY, change, copy_estate

REQUEST, STACK = "requests/hcm-progression.yaml", "tre-hcm-progression"
LEAD, OTHER = "0e5a1f0c-3d0b-5a55-9f5e-4b0d6f9d3c11", "6a1f0c0e-0b3d-555a-5e9f-0d4bd3c116f9"
ENDS = {"accreditation_expires": "2028-01-31", "training_expires": "2027-06-30"}
PEOPLE = [{"id": LEAD, "name": "Ada Alder", "role": "lead", **ENDS},
          {"id": OTHER, "name": "Ben Birch", "role": "student", **ENDS}]  # fmt: skip
STATED = {"organisation": "Aldergate University", "funding": "A charity", "lead": LEAD, "people": PEOPLE,
          "tiers": {"cool_after_days": 90, "archive_after_days": 365},
          "public_benefit": "Earlier treatment of people with a disease of the heart.",
          "data_sets": [{"name": "Cardiology images", "data_class": "de-identified", "tier": "cool", "volume_gb": 900},
                        {"name": "Tables", "data_class": "synthetic"}]}  # fmt: skip


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_estate(tmp_path_factory.mktemp("people") / "estate")


def stated(shipped: Path, edit: Callable[[Any], object] = lambda _: None) -> Path:
    def set_all(request: Any) -> None:
        request.update(json.loads(json.dumps(STATED)))
        edit(request)

    change(shipped / REQUEST, set_all)
    return shipped


def test_what_approvers_see_changes_nothing_that_is_deployed(shipped: Path) -> None:
    before = {one.name: one.text for one in render(load(shipped, today=TODAY))}
    assert {one.name: one.text for one in render(load(stated(shipped), today=TODAY))} == before


@pytest.mark.parametrize("key", ["accreditation_expires", "training_expires"])
@pytest.mark.parametrize(("days", "past", "near"), [(0, True, True), (1, False, True), (61, False, False)])
def test_a_tenancy_is_not_changed_once_a_day_of_its_people_is_past(
    shipped: Path, key: str, days: int, past: bool, near: bool
) -> None:
    day = TODAY + timedelta(days=days)
    estate = load(stated(shipped, lambda request: request["people"][1].update({key: day})), today=TODAY)
    found = [one for one in estate.expiries(STACK) if one.key == f"people[1].{key}"]
    assert [(one.day, one.is_past) for one in found] == ([(day, past)] if near else [])
    assert not any("people" in one.key for one in estate.expiries("platform"))


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda r: r.update(lead="11111111-2222-4333-8444-555555555555"), "not one of the people"),
        (lambda r: r.pop("people"), "not one of the people"),
        (lambda r: r["people"][1].update(id=LEAD), "in the request twice"),
        (lambda r: r["people"][1].update(name="Alder Ada"), "may be one person"),
        (lambda r: r["people"][1].pop("training_expires"), "people[1].training_expires"),
        (lambda r: r["people"][1].update(email="x@example.org"), "not known"),
        (lambda r: r["data_sets"][0].update(data_class="identifiable"), "up to de-identified"),
        (lambda r: r["data_sets"].append(r["data_sets"][0]), "named twice"),
        (lambda r: r["data_sets"][0].update(tier="warm"), "data_sets[0].tier"),
        (lambda r: r["data_sets"][0].pop("volume_gb"), "tier and volume_gb, or neither"),
        (lambda r: r["data_sets"][1].update(volume_gb=5), "tier and volume_gb, or neither"),
        (lambda r: r.update(tiers={"archive_after_days": 90}), "Nothing moves the data to this tier"),
        (lambda r: r.update(public_benefit="None"), "public_benefit"),
        (lambda r: r.update(contract="signed"), "not known"),
    ],
)
def test_what_could_be_read_in_two_ways_or_has_no_feature_is_refused(
    shipped: Path, edit: Callable[[Any], object], problem: str
) -> None:
    with pytest.raises(InputError) as refused:
        load(stated(shipped, edit), today=TODAY)
    assert problem in str(refused.value)


def test_the_json_schema_for_editors_is_that_of_the_requests() -> None:
    assert (ROOT / FILE).read_text() == text(), f"scripts/sde request schema > {FILE}"
    schema = Draft202012Validator(document())
    for file in sorted((ROOT / "estate/requests").glob("*.yaml")):
        request = json_of(read_mapping(file)) | STATED
        assert list(schema.iter_errors(request)) == [], file
        assert list(schema.iter_errors({**request, "contract": "signed"}))
        assert list(schema.iter_errors({**request, "data_class": "secret"}))
