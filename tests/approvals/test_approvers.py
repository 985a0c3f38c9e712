"""The chain of versions: who changes the people and the keys, and what nobody can change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from approvals.approvers import KEEPERS, Anchor, Approver, Approvers
from approvals.envelope import Signed
from approvals.route import read_shipped
from formats.errors import InputError
from formats.validation import validated
from tests.approvals.site import (
    BEGIN,
    END,
    approvers_of,
    chain,
    changed,
    grant,
    key_of,
    person_id,
    sign_version,
    verified,
)

ROUTE = read_shipped("west-midlands")
ROLES = {"Ada Alder": KEEPERS, "Ben Birch": KEEPERS, "Cara Cedar": KEEPERS, "Dev Dogwood": "programme-team"}
FIRST = approvers_of(ROUTE, ROLES)
SIGNED = sign_version(FIRST, "Ada Alder", "Ben Birch")
LATER = BEGIN + timedelta(days=90)


def second(**other: Any) -> Approvers:
    return changed(FIRST, version=2, previous=SIGNED.digest, issued=LATER, **other)


def with_key(name: str, **other: Any) -> list[Any]:
    """Return the keys, that of one person with other values."""
    return [changed(one, **other) if one.person == person_id(name) else one for one in FIRST.keys]


def newcomer(since: datetime = LATER) -> dict[str, Any]:
    added = Approver(id=person_id("Eve Elm"), name="Eve Elm", roles=(grant("programme-team", since),))
    return {"people": (*FIRST.people, added), "keys": (*FIRST.keys, key_of("Eve Elm", since))}


def test_a_change_that_enough_keepers_sign_takes_effect() -> None:
    change = sign_version(second(**newcomer()), "Ada Alder", "Cara Cedar")
    assert verified(SIGNED, change).people_by_id[person_id("Eve Elm")].has("programme-team", LATER)


@pytest.mark.parametrize(
    "signers", [("Ada Alder",), ("Ada Alder", "Dev Dogwood"), ("Eve Elm", "Finn Fir")], ids="+".join
)
def test_too_few_keepers_change_nothing(signers: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="Too few key-keepers of version"):
        verified(SIGNED, sign_version(second(**newcomer()), *signers))


def test_new_keepers_sign_with_the_old_ones() -> None:
    """A forger who names own keepers has their signatures, and not those of the version before."""
    forged = second(
        people=(*FIRST.people, *(Approver(id=person_id(name), name=name, roles=(grant(KEEPERS, LATER),))
                                 for name in ("Eve Elm", "Finn Fir"))),
        keys=(*FIRST.keys, key_of("Eve Elm", LATER), key_of("Finn Fir", LATER)),
    )  # fmt: skip
    with pytest.raises(InputError, match="Too few key-keepers of version 1"):
        verified(SIGNED, sign_version(forged, "Eve Elm", "Finn Fir"))


def test_a_revoked_keeper_signs_no_change_and_its_revocation_stays() -> None:
    revoked = second(keys=with_key("Ben Birch", revoked=LATER))
    change = sign_version(revoked, "Ada Alder", "Cara Cedar")
    again = changed(revoked, version=3, previous=change.digest, issued=LATER + timedelta(days=1))
    with pytest.raises(InputError, match="Too few key-keepers of version 3"):
        verified(SIGNED, change, sign_version(again, "Ada Alder", "Ben Birch"))
    unrevoked = changed(again, keys=FIRST.keys)
    with pytest.raises(InputError, match="An entry was removed"):
        verified(SIGNED, change, sign_version(unrevoked, "Ada Alder", "Cara Cedar"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda: second(keys=FIRST.keys[:-1]), "An entry was removed"),
        (lambda: second(people=[*FIRST.people[:-1], changed(FIRST.people[-1], roles=(grant("contracts", LATER),))]),
         "An entry was removed"),
        (lambda: second(**newcomer(BEGIN)), "valid before it was signed"),
        (lambda: second(keys=with_key("Dev Dogwood", valid_until=END + timedelta(days=1))), "was extended"),
        (lambda: second(keys=with_key("Dev Dogwood", key=key_of("Eve Elm").key)), "An entry was removed"),
        (lambda: changed(second(), issued=BEGIN), "not later than the one before"),
        (lambda: changed(second(), version=3), "does not continue the chain"),
        (lambda: changed(second(), previous="sha256:" + "0" * 64), "does not continue the chain"),
        (lambda: changed(second(), estate="other"), "does not continue the chain"),
    ],
)  # fmt: skip
def test_the_past_does_not_change(change: Callable[[], Approvers], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        verified(SIGNED, sign_version(change(), "Ada Alder", "Ben Birch", "Cara Cedar"))


def test_the_chain_begins_at_the_anchor_and_is_not_cut_off() -> None:
    other = sign_version(approvers_of(ROUTE, {"Eve Elm": KEEPERS, "Finn Fir": KEEPERS}), "Eve Elm", "Finn Fir")
    with pytest.raises(InputError, match="not the anchor"):
        verified(other, anchor=Anchor(SIGNED.digest))
    with pytest.raises(InputError, match="Versions of the approvers are missing"):
        verified(SIGNED, anchor=Anchor(SIGNED.digest, least=2))
    with pytest.raises(InputError, match="from the future"):
        verified(SIGNED, now=BEGIN - timedelta(days=1))


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"keepers": 4}, "Nobody could change the approvers"),
        ({"keepers": 1}, "This value cannot be used"),
        ({"people": [*FIRST.people, changed(FIRST.people[0], id=person_id("Another"))]}, "may be one person"),
        ({"keys": [*FIRST.keys, key_of("Ada Alder")]}, "A key is named twice"),
        ({"keys": [*FIRST.keys, key_of("Eve Elm")]}, "This value cannot be used"),
        ({"previous": SIGNED.digest}, "This value cannot be used"),
    ],
)
def test_a_version_is_refused_in_which_nobody_would_be_sure_who_decides(other: dict[str, Any], problem: str) -> None:
    fields = {name: getattr(FIRST, name) for name in Approvers.model_fields}
    with pytest.raises(InputError, match=problem):
        validated(Approvers, {**fields, **other}, file="2.json")


def test_a_changed_byte_of_a_version_is_refused() -> None:
    (_, content), *_ = chain(SIGNED)
    for at in range(0, len(content) - 1, len(content) // 60):
        forged = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        with pytest.raises(InputError):
            verified(Signed.read(forged, file="1.json"), anchor=Anchor(SIGNED.digest))
