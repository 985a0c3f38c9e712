"""A shared tenancy as `estate.yaml` states it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints, field_validator

from formats.input_model import Line, Model, Slug
from formats.stack_config import DataClass
from formats.stack_names import RESERVED, SHARED
from formats.validation import InvalidValue, refuse_duplicates


def _without_reserved_words(name: str) -> str:
    """Refuse a name in which Azure refuses a word, since the stack's resources are called after it."""
    if found := next((word for word in RESERVED if word in name), None):
        raise InvalidValue(f"a name without {found}, which Azure refuses in the names of resources")
    return name


class SharedTenancy(Model):
    """An environment in which several projects have subnets of one network."""

    name: Annotated[Slug, StringConstraints(max_length=20), AfterValidator(_without_reserved_words)]
    title: Line
    data_class: DataClass
    """The most sensitive data of its projects."""
    request: Line
    """The approval of the shared tenancy, for its tags."""
    controller: Line
    cost_centre: Line
    expires: date
    network_readers: Line | None = None
    """The written reason why researchers may read the network, and so list the names of other projects' subnets and
    interfaces: Azure documents that right for the portal's sign-in. None: they may not."""
    cell: Slug | None = None
    """None: the first cell with a free block."""

    @field_validator("data_class")
    @classmethod
    def _not_identifiable(cls, data_class: DataClass) -> DataClass:
        if data_class is DataClass.IDENTIFIABLE:
            raise InvalidValue("synthetic, de-identified", problem="Identifiable data needs a network of its own.",
                               fix="Give each project with identifiable data a bespoke tenancy.")  # fmt: skip
        return data_class

    @property
    def stack(self) -> str:
        """The name of its stack."""
        return f"{SHARED}{self.name}"


def check_shared_tenancies(shared: Sequence[SharedTenancy], cells: Sequence[str], highest: DataClass | None) -> None:
    """Refuse two shared tenancies with one name or request, one in an unknown cell, and one for more sensitive data
    than the estate allows (`highest`)."""
    names = (((i, "name"), one.name) for i, one in enumerate(shared))
    refuse_duplicates(names, "Two shared tenancies have the same name.")
    numbers = (((i, "request"), one.request) for i, one in enumerate(shared))
    refuse_duplicates(numbers, "Two shared tenancies have the same request.")
    for index, one in enumerate(shared):
        if cells and one.cell not in (None, *cells):
            raise InvalidValue(", ".join(cells), at=(index, "cell"), found=one.cell,
                               problem="There is no such cell.")  # fmt: skip
        if highest and one.data_class.exceeds(highest):
            raise InvalidValue(f"up to {highest}", at=(index, "data_class"), found=str(one.data_class),
                               problem="The shared tenancy is for more sensitive data than the estate "
                               "allows.")  # fmt: skip


def example_tenancy(name: str, expires: date) -> dict[str, Any]:
    """Return the shared tenancy that the example of a service template is in, as `estate.yaml` states one."""
    return {
        "name": name, "title": "A shared tenancy", "data_class": DataClass.DE_IDENTIFIED.value, "request": "EXAMPLE",
        "controller": "Example University Hospitals", "cost_centre": "RES-0001", "expires": expires,
    }  # fmt: skip
