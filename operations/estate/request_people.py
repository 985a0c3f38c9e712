"""The people and the data sets of a request, which its approvers see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from uuid import UUID

from formats.input_model import Guid, Line, Model, Slug
from formats.people import PersonName, refuse_same_people
from formats.stack_config import DataClass
from formats.validation import InvalidValue, refuse_duplicates
from operations.estate.expiry import EARLY_WARNING, Expiry

MAX_PEOPLE, MAX_DATA_SETS = 100, 100
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


class DataSet(Model):
    """A data set that the project asks for."""

    name: Line
    data_class: DataClass


def check_people(people: Sequence[ProjectPerson]) -> None:
    """Raise `InvalidValue` for two entries that may be of one person."""
    refuse_same_people([(one.id, one.name) for one in people], "in the request")


def check_lead(lead: UUID | None, people: Sequence[ProjectPerson]) -> None:
    """Raise `InvalidValue` for a lead who is not one of the people."""
    if lead is not None and lead not in {one.id for one in people}:
        raise InvalidValue("the id of one of `people`", found=str(lead), problem="The lead is not one of the people.",
                           fix="Add the lead to people, with the ends of accreditation and training.")  # fmt: skip


def check_data_sets(data_sets: Sequence[DataSet], most: DataClass | None) -> None:
    """Raise `InvalidValue` for a data set that is named twice, or is more sensitive than the project's data may be."""
    refuse_duplicates((((i, "name"), one.name) for i, one in enumerate(data_sets)), "A data set is named twice.")
    for i, one in enumerate(data_sets):
        if most is not None and one.data_class.exceeds(most):
            raise InvalidValue(f"up to {most}, the request's data_class", at=(i, "data_class"),
                               found=str(one.data_class))  # fmt: skip


def ends_of_people(people: Sequence[ProjectPerson], file: str, today: date) -> Iterator[Expiry]:
    """Yield the near and past days from which a person may not work on the project any more."""
    for i, one in enumerate(people):
        for key in ("accreditation_expires", "training_expires"):
            day: date = getattr(one, key)
            if (left := (day - today).days) <= EARLY_WARNING:
                yield Expiry(file, f"people[{i}].{key}", day, left, _FIX.format(file=file))
