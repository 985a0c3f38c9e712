"""A request that is written as a crate is read as the same request, whatever its keys say."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rocrate.rocrate import ROCrate

from approvals.request_files import TEMPLATES, json_of
from formats.errors import InputError
from formats.yaml_reader import read_mapping
from operations.crates.crate_files import CrateFile
from operations.crates.reading import Found, refuse_loss, request_in
from operations.crates.writing import PROFILE, metadata_of
from operations.estate.request_model import RequestFile
from operations.estate.request_people import DataSet, ProjectPerson

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=5,
)  # fmt: skip
NEEDED = ("project", "title", "request", "approved_on", "expires", "template")


def _entry(model: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return maps with some keys of a model, with text or anything else."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(model.model_fields, TEXT | VALUE))


LISTS = {"people": st.lists(_entry(ProjectPerson), max_size=3), "data_sets": st.lists(_entry(DataSet), max_size=3)}
REST = {key: LISTS.get(key, VALUE) | TEXT for key in RequestFile.model_fields if key not in NEEDED}
REQUESTS = st.fixed_dictionaries(dict.fromkeys(NEEDED, TEXT), optional=REST)


def read(metadata: Any) -> Found:
    return request_in(CrateFile(json.dumps(metadata).encode(), "crate.zip/ro-crate-metadata.json", ()))


@settings(max_examples=25)
@given(REQUESTS)
def test_a_request_is_read_as_it_was_written_and_nothing_is_left(request: dict[str, Any]) -> None:
    found = read(metadata_of(request))
    assert json.dumps(found.request, sort_keys=True) == json.dumps(request, sort_keys=True)
    assert found.left == ()


VALUES: list[Any] = [None, True, 1.5, "", "#project", [], {}, {"@id": 1}, {"@id": "#person-1"}, [{"@id": "#number"}],
                     {"@value": "x"}, ["a", "b"], [[1]]]  # fmt: skip
NAMES = ("@id", "@type", "additionalProperty", "member", "value", "name", "identifier", "object", "encodingFormat")


def test_a_changed_crate_is_refused_or_read_and_what_was_added_is_listed() -> None:
    request = json_of(read_mapping(TEMPLATES / "examples/bespoke-tabular.yaml"))
    whole, choose = json.dumps(metadata_of(request)), Random(17)  # noqa: S311
    assert read(json.loads(whole)).request == request
    refused = 0
    for _ in range(200):
        document = json.loads(whole)
        entity = choose.choice(document["@graph"])
        entity[choose.choice([*NAMES, *entity])] = choose.choice(VALUES)
        document["@graph"].append({"@id": "#more", "@type": "Thing"})
        try:
            assert "#more (Thing)" in read(document).left
        except InputError:
            refused += 1
    assert 50 < refused < 150


def test_what_a_crate_cannot_say_is_refused() -> None:
    request = {**dict.fromkeys(NEEDED, "x"), "people": [{"id": "a", "name": "b", "role": "c"}], "Key of another": 1}
    with pytest.raises(InputError, match="Key of another"):
        refuse_loss(request, "x.yaml")


def test_the_library_of_crates_reads_what_is_written_and_finds_the_project() -> None:
    request = {**dict.fromkeys(NEEDED, "x"), "organisation": "A university", "lead": "a",
               "people": [{"id": "a", "name": "Ada Alder", "role": "lead"}]}  # fmt: skip
    crate = ROCrate(metadata_of(request))
    assert crate.mainEntity["member"][0]["name"] == "A university"
    assert crate.root_dataset["conformsTo"].id == PROFILE
    assert crate.root_dataset["mentions"]["agent"]["name"] == "Ada Alder"
