"""A request's file as a frozen pydantic model. docs/estate.md explains each key."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator

from formats.input_model import Guid, Line, Slug, one_line
from formats.people import NamedApproval
from formats.stack_config import ProjectSpec
from formats.validation import InvalidValue
from formats.ways_in import Recipients
from operations.estate.request_people import (
    MAX_DATA_SETS,
    MAX_PEOPLE,
    DataSet,
    ProjectPerson,
    check_data_sets,
    check_lead,
    check_people,
)

PublicBenefit = Annotated[str, StringConstraints(min_length=20, max_length=2000), AfterValidator(one_line)]


def _one_tenancy(value: object) -> object:
    if isinstance(value, list | tuple | set | dict):
        raise InvalidValue("the name of one shared tenancy", problem="A project is in one shared tenancy.")
    return value


class ApprovedRecipients(Recipients):
    """The recipients of a project's results, with the people who answer for this way."""

    approval: NamedApproval | None = None
    """Required; `approvals.py` says so with an example."""

    @property
    def configured(self) -> Recipients:
        """The recipients in the form of the stack's configuration."""
        return Recipients(group=self.group, ranges=self.ranges)


class RequestFile(ProjectSpec):
    """`requests/<project>.yaml`: an approved data access request."""

    approved_on: date
    controller: Line
    cost_centre: Line
    template: Slug
    """The service template, which says the kind of the tenancy."""
    tenancy: Annotated[Slug, BeforeValidator(_one_tenancy)] | None = None
    """The shared tenancy of a project of the kind `shared`, which decides its cell."""
    cell: Slug | None = None
    """None: the first cell with a free slot."""
    recipients: ApprovedRecipients | None = None
    organisation: Line | None = None
    """Who asks for the data."""
    public_benefit: PublicBenefit | None = None
    funding: Line | None = None
    data_sets: Annotated[tuple[DataSet, ...], Field(max_length=MAX_DATA_SETS)] = ()
    people: Annotated[tuple[ProjectPerson, ...], Field(max_length=MAX_PEOPLE)] = ()
    """Who works on the project. Once a day of one of them is past, its tenancy is not changed any more."""
    lead: Guid | None = None
    """The object id of the person who answers for the project, one of `people`."""

    @field_validator("data_sets")
    @classmethod
    def _permitted_data(cls, data_sets: tuple[DataSet, ...], before: ValidationInfo) -> tuple[DataSet, ...]:
        check_data_sets(data_sets, before.data.get("data_class"), before.data.get("tiers"))
        return data_sets

    @field_validator("people")
    @classmethod
    def _distinct_people(cls, people: tuple[ProjectPerson, ...]) -> tuple[ProjectPerson, ...]:
        check_people(people)
        return people

    @field_validator("lead")
    @classmethod
    def _lead_among_people(cls, lead: UUID | None, before: ValidationInfo) -> UUID | None:
        check_lead(lead, before.data.get("people", ()))
        return lead
