"""The roster has each person once, and an approval is by another person than the owner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from formats.errors import InputError
from formats.people import NamedApproval, Roster, context_of, read_roster
from formats.validation import validated
from tests.people import ADA, ELSIE, MARY, ROSTER, people_file

APPROVAL = {"owner": str(ADA.id), "approver": str(MARY.id), "purpose": "A mirror of packages", "expires": "2027-01-01"}
MISSING = object()


def person(**change: Any) -> dict[str, Any]:
    return {"id": "55550000-0000-4000-8000-000000000009", "name": "Grace Hopper", "roles": ["owner"],
            "expires": "2027-01-01"} | change  # fmt: skip


def approval(**change: Any) -> NamedApproval:
    entry = {key: value for key, value in (APPROVAL | change).items() if value is not MISSING}
    return validated(NamedApproval, entry, file="estate.yaml", context=context_of(ROSTER))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"name": "Grace Brewster Murray Hopper"}),
        ({}, {"name": "Hopper, Grace"}),
        ({}, {"name": "Dr GRACE hopper"}),
        ({}, {"name": "Grace Hopper (administrator)"}),
        ({}, {"name": "Gra\u0301ce Hopper"}),
        ({}, {"name": "\uff27race Hopper"}),
        ({}, {"id": person()["id"].upper(), "name": "Alan Turing"}),
    ],
)
def test_one_person_has_one_entry(first: dict[str, Any], second: dict[str, Any]) -> None:
    other = person(id="55550000-0000-4000-8000-00000000000a") | second
    for people in ([person(**first), other], [other, person(**first)]):
        with pytest.raises(InputError, match=r"people\[1\]\.(id|name)") as caught:
            validated(Roster, {"people": people}, file="people.yaml")
        assert caught.value.fix
        assert caught.value.allowed


def test_people_who_share_a_family_name_are_two() -> None:
    people = [person(), person(id="55550000-0000-4000-8000-00000000000a", name="Ada Hopper")]
    assert len(validated(Roster, {"people": people}, file="people.yaml").people) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"id": "grace@example.nhs.uk"}, {"name": "Grace"},
        {"name": "\u0410da Lovelace"}, {"name": "Grace\u200b Hopper"},
        {"roles": []}, {"roles": ["boss"]}, {"expires": None}, {"expires": "soon"}, {"title": "Captain"},
    ],
    ids=str,
)  # fmt: skip
def test_an_invalid_person_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=rf"people\[0\]\.{next(iter(change))}"):
        validated(Roster, {"people": [person(**change)]}, file="people.yaml")


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        ({"approver": str(ADA.id)}, "approver", "another person than the owner"),
        ({"approver": str(ADA.id).upper()}, "approver", "another person than the owner"),
        ({"owner": str(ELSIE.id)}, "owner", "Elsie Inglis has no role `owner`"),
        ({"approver": "44440000-0000-4000-8000-000000000000"}, "approver", f"{MARY.id} (Mary Seacole)"),
        ({"approver": "Mary Seacole"}, "approver", "people.yaml: - {id:"),
        ({"approver": [str(MARY.id)]}, "approver", "There is no such person on the roster"),
        ({"approver": None}, "approver", "There is no such person on the roster"),
        ({"owner": MISSING}, "owner", "A key is missing"),
        ({"expires": MISSING}, "expires", "A key is missing"),
        ({"expires": None}, "expires", "date"),
        ({"purpose": "because"}, "purpose", "10 characters"),
    ],
)
def test_an_invalid_approval_is_refused(change: dict[str, Any], key: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        approval(**change)
    assert caught.value.key == key
    assert said in str(caught.value)


def test_a_missing_file_is_an_empty_roster(tmp_path: Path) -> None:
    assert read_roster(tmp_path).people == ()
    people_file(tmp_path)
    assert read_roster(tmp_path) == ROSTER
