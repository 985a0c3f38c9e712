"""The people and the data sets of a request, which its approvers see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from formats.input_model import Guid, Line, Model, Slug
from formats.people import PersonName, refuse_same_people
from formats.stack_config import DataClass, Tiers
from formats.validation import InvalidValue, refuse_duplicates
from operations.estate.expiry import Expiry

MAX_PEOPLE, MAX_DATA_SETS = 100, 100
MAX_GB = 10_000_000
"""10 PB."""
_FIX = (
    "Set a later day in {file} after the renewal; or remove the person from the request, and from the Entra groups of "
    "the project, which give the access."
)


class ProjectPerson(Model):
    """A person who works on a project."""

    id: Guid
    """The object id of the user in Entra."""
    name: PersonName
    role: Slug
    """What they do in the project, such as `lead`, `statistician` or `student`."""
    accreditation_expires: date
    """The first day on which they are not an accredited researcher any more."""
    training_expires: date
    """The first day on which their training counts no more."""


class Tier(StrEnum):
    """An access tier of a store."""

    HOT = "hot"
    COOL = "cool"
    ARCHIVE = "archive"


class DataSet(Model):
    """A data set that the project asks for."""

    name: Line
    data_class: DataClass
    tier: Tier | None = None
    """The access tier in which the project keeps it."""
    volume_gb: Annotated[int, Field(ge=1, le=MAX_GB)] | None = None
    """Required with a tier: what it costs follows from both."""

    @model_validator(mode="after")
    def _volume_of_tier(self) -> Self:
        if (self.tier is None) != (self.volume_gb is None):
            raise InvalidValue("tier and volume_gb, or neither", found="one of them",
                               problem="What a data set costs follows from its tier and its volume.")  # fmt: skip
        return self


def check_people(people: Sequence[ProjectPerson]) -> None:
    """Raise `InvalidValue` for two entries that may be of one person."""
    refuse_same_people([(one.id, one.name) for one in people], "in the request")


def check_lead(lead: UUID | None, people: Sequence[ProjectPerson]) -> None:
    """Raise `InvalidValue` for a lead who is not one of the people."""
    if lead is not None and lead not in {one.id for one in people}:
        raise InvalidValue("the id of one of `people`", found=str(lead), problem="The lead is not one of the people.",
                           fix="Add the lead to people, with the ends of accreditation and training.")  # fmt: skip


def check_data_sets(data_sets: Sequence[DataSet], most: DataClass | None, tiers: Tiers | None) -> None:
    """Raise `InvalidValue` for a data set that is named twice, is more sensitive than the project's data may be, or is
    kept in a tier to which nothing moves it.
    """
    refuse_duplicates((((i, "name"), one.name) for i, one in enumerate(data_sets)), "A data set is named twice.")
    for i, one in enumerate(data_sets):
        if most is not None and one.data_class.exceeds(most):
            raise InvalidValue(f"up to {most}, the request's data_class", at=(i, "data_class"),
                               found=str(one.data_class))  # fmt: skip
        days = f"{one.tier}_after_days"
        if tiers and one.tier not in (None, Tier.HOT) and getattr(tiers, days) is None:
            raise InvalidValue(f"hot, or {days} in the request's tiers", at=(i, "tier"), found=str(one.tier),
                               problem="Nothing moves the data to this tier.")  # fmt: skip


def stored_by_tier(data_sets: Iterable[DataSet]) -> dict[Tier, int]:
    """Return the GB that a project keeps in each tier."""
    found: dict[Tier, int] = {}
    for one in data_sets:
        if one.tier is not None and one.volume_gb is not None:
            found[one.tier] = found.get(one.tier, 0) + one.volume_gb
    return found


def ends_of_people(people: Sequence[ProjectPerson], file: str, today: date, within: int) -> Iterator[Expiry]:
    """Yield the days, up to `within` days ahead, from which a person may not work on the project any more."""
    for i, one in enumerate(people):
        for key in ("accreditation_expires", "training_expires"):
            day: date = getattr(one, key)
            if (left := (day - today).days) <= within:
                yield Expiry(file, f"people[{i}].{key}", day, left, _FIX.format(file=file))
