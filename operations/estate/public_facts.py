"""The facts of a project that an SDE publishes. Nothing else of its request is published."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from formats.input_model import Line, Model
from operations.estate.request_model import PublicBenefit, RequestFile
from operations.estate.request_people import MAX_DATA_SETS

OBJECT = "project"
"""The name of the facts beside an entry of the ledger."""


class PublicFacts(Model):
    """The published facts of a project, which the ledger keeps with each change of its tenancy."""

    title: Line
    organisation: Line | None = None
    """Who leads it."""
    purpose: PublicBenefit | None = None
    data_sets: Annotated[tuple[Line, ...], Field(max_length=MAX_DATA_SETS)] = ()
    approved_on: date
    expires: date


def facts_of(request: RequestFile) -> PublicFacts:
    """Return the published facts of a request."""
    return PublicFacts(title=request.title, organisation=request.organisation, purpose=request.public_benefit,
                       data_sets=tuple(one.name for one in request.data_sets), approved_on=request.approved_on,
                       expires=request.expires)  # fmt: skip
