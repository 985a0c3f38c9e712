"""The roster: the people who may own and approve exceptions, and the approvals that name them.

A person is known by the object id in Entra, which a name cannot imitate. Two entries of one person would let that
person approve own requests, so entries with one id, or with names that may be of one person, are refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from formats.input_model import Guid, Model, one_line
from formats.validation import InvalidValue, validated
from formats.yaml_reader import kind_of, read_mapping, within

FILE_NAME = "people.yaml"
MAX_PEOPLE = 500
EXAMPLE_ID = "11111111-2222-4333-8444-555555555555"


class Role(StrEnum):
    """The part of a person in an approval."""

    OWNER = "owner"
    APPROVER = "approver"


def _person_name(name: str) -> str:
    """Refuse names of mixed alphabets, which can look equal to others, and names without two words."""
    if len(_alphabets(name)) > 1:
        raise InvalidValue("a name in one alphabet", fix="Write the name as the organisation's directory does.")
    if len(_words(name)) < 2:
        raise InvalidValue("a given name and a family name")
    return name


PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=100),
    AfterValidator(one_line),
    AfterValidator(_person_name),
]


class Person(Model):
    """One person of the roster."""

    id: Guid
    """The object id of the user in Entra."""
    name: PersonName
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    expires: date
    """The first day on which the person neither owns nor approves anything."""

    def to_json(self) -> dict[str, str]:
        """Return the person as plain JSON, for reports."""
        return {"id": str(self.id), "name": self.name, "expires": self.expires.isoformat()}


class Roster(Model):
    """`people.yaml`."""

    people: Annotated[tuple[Person, ...], Field(max_length=MAX_PEOPLE)] = ()

    @cached_property
    def by_id(self) -> Mapping[UUID, Person]:
        """Every person by object id."""
        return {person.id: person for person in self.people}

    @model_validator(mode="after")
    def _each_person_once(self) -> Self:
        refuse_same_people([(person.id, person.name) for person in self.people], "on the roster")
        return self


def refuse_same_people(people: Sequence[tuple[UUID, str]], where: str) -> None:
    """Raise `InvalidValue` for two entries that are of one person, or may be: by object id, and by name."""
    words = [_words(name) for _, name in people]
    for (i, (one, name)), (j, (other, other_name)) in combinations(enumerate(people), 2):
        if one == other:
            raise InvalidValue(f"another id than that of people[{i}]", problem=f"A person is {where} twice.",
                               at=("people", j, "id"), found=str(other), fix="Remove one entry.")  # fmt: skip
        if words[i] <= words[j] or words[j] <= words[i]:
            raise InvalidValue(f"a name that cannot be that of people[{i}], {name}",
                               problem="Two entries may be one person.", at=("people", j, "name"),
                               found=other_name, fix="Remove one entry; if these are two people, write both names "
                               "in full, so that neither contains the other.")  # fmt: skip


NOBODY = Roster()


def read_roster(estate: Path) -> Roster:
    """Return the roster of an estate's folder, empty without a file. Raise `InputError` for an invalid one."""
    file = estate / FILE_NAME
    if not file.exists():
        return NOBODY
    return validated(Roster, read_mapping(within(estate, file, str(file)), str(file)), file=str(file))


def context_of(roster: Roster | None) -> dict[str, Any]:
    """Return the validation context with which models find people on the roster.

    None: the roster cannot be read. Its own error is reported then, and every person is accepted.
    """
    return {"roster": roster}


def _with_role(role: Role) -> Any:
    """Return a validator that finds a person with this role by object id."""

    def find(value: object, info: ValidationInfo) -> Person:
        if isinstance(value, Person):  # made in code; a file has ids
            return value
        roster: Roster | None = (info.context or {}).get("roster", NOBODY)
        if roster is None:
            known = UUID(int=list(Role).index(role))  # another one for each role: an owner approves nothing
            return Person.model_construct(id=known, name="", roles=(role,), expires=date.max)
        allowed = [f"{p.id} ({p.name})" for p in roster.people if role in p.roles]
        listed = ", ".join(allowed[:5]) + (f" and {len(allowed) - 5} more" if len(allowed) > 5 else "")
        person = next((p for id_, p in roster.by_id.items() if str(id_) == str(value).lower()), None)
        if person is None or role not in person.roles:
            raise InvalidValue(
                f"the Entra object id of a person on the roster with the role `{role}`: {listed or 'none yet'}",
                problem="There is no such person on the roster." if person is None
                else f"{person.name} has no role `{role}` on the roster.",
                found=None if isinstance(value, str | UUID) else kind_of(value),
                fix=f"Name one of them, or add the person to {FILE_NAME}: - {{id: {EXAMPLE_ID}, name: Given Family, "
                f"roles: [{role}], expires: 2027-12-31}}",
            )  # fmt: skip
        return person

    return find


_SCHEMA = WithJsonSchema({"type": "string", "format": "uuid"})
Owner = Annotated[Person, BeforeValidator(_with_role(Role.OWNER)), _SCHEMA]
Approver = Annotated[Person, BeforeValidator(_with_role(Role.APPROVER)), _SCHEMA]
Purpose = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=10, max_length=300), AfterValidator(one_line)
]


class NamedApproval(Model):
    """The people, the purpose and the end of an exception: of a way out of the estate, or of a way into it."""

    owner: Owner
    approver: Approver
    purpose: Purpose
    expires: date
    """The first day on which it is not approved any more."""

    @model_validator(mode="after")
    def _by_another_person(self) -> Self:
        if self.owner.id == self.approver.id:
            raise InvalidValue("another person than the owner", problem="The owner approved it.", at=("approver",),
                               found=f"{self.approver.name}, its owner",
                               fix="Another person must approve it.")  # fmt: skip
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the approval as plain JSON, for reports."""
        return {"owner": self.owner.to_json(), "approver": self.approver.to_json(), "purpose": self.purpose,
                "expires": self.expires.isoformat()}  # fmt: skip

    def text(self) -> str:
        """Return the approval in one line."""
        return (f"owner {self.owner.name}, approver {self.approver.name}, purpose: {self.purpose.rstrip('.')}, "
                f"end {self.expires}")  # fmt: skip


EXAMPLE = (f"{{owner: {EXAMPLE_ID}, approver: 66666666-7777-4888-8999-000000000000, "
           "purpose: A mirror of packages for researchers, expires: 2027-09-30}")  # fmt: skip
"""An approval for messages, as in estate.yaml."""


def _alphabets(name: str) -> set[str]:
    """Return the alphabets of a name's letters."""
    letters = (c for c in unicodedata.normalize("NFKC", name) if c.isalpha())
    return {unicodedata.name(c, "unknown").partition(" ")[0] for c in letters}


def _words(name: str) -> frozenset[str]:
    """Return the words of a name for comparison: in one width and case, without accents and punctuation."""
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return frozenset("".join(c if c.isalnum() else " " for c in letters).casefold().split())
