"""The organisations that upload data, as the estate and the junction zone's configuration have them."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address
from itertools import combinations
from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from formats.input_model import Guid, Line, Model
from formats.locations import Location
from formats.validation import InvalidValue, refuse_duplicates
from formats.ways_in import WayIn


class ProviderSpec(Model):
    """The fields that a provider has in the estate and in a stack's configuration."""

    code: str
    """Its ODS code."""
    name: Line
    group: Guid
    """The Entra group that uploads on its behalf."""
    way_in: WayIn | None = None
    """How it reaches its inbox. None: it does not."""
    closed: bool = False
    """True: its group has no right, and its data stays where it is."""

    @property
    def inbox_name(self) -> str:
        """The logical name of its inbox, if it has one."""
        return inbox_name(self.code)

    @model_validator(mode="after")
    def _closed_without_way_in(self) -> Self:
        if self.closed and self.way_in:
            raise InvalidValue("no `way_in` of a closed provider", problem="A closed provider has a way in.",
                               at=("way_in",), fix="Remove `way_in`, or `closed`.")  # fmt: skip
        return self


def refuse_common_ways(providers: Sequence[ProviderSpec], paths: Sequence[Location] | None = None) -> None:
    """Raise `InvalidValue` for two providers with a way in in common: addresses, a private endpoint, or the group that
    uploads. Each could then reach both inboxes.

    `paths` are the locations of the providers, if they are not in one list.
    """
    locations = paths or [(index,) for index in range(len(providers))]
    found = list(zip(locations, providers, strict=True))
    for (_, one), (at, other) in combinations(found, 2):
        if one.group == other.group and (one.way_in or other.way_in):
            raise InvalidValue(f"a group of {other.name} alone; {one.name} has this one", at=(*at, "group"),
                               found=str(other.group), problem="Two providers have one group.",
                               fix="Make a group for each organisation.")  # fmt: skip
    endpoints = (
        ((*at, "way_in", "private_endpoint", "endpoint"), one.way_in.private_endpoint.endpoint.lower())
        for at, one in found
        if one.way_in and one.way_in.private_endpoint
    )
    refuse_duplicates(endpoints, "Two providers have one private endpoint.")
    ranges = [
        ((*at, "way_in", "public_ranges", index), at, one.name, range_)
        for at, one in found
        for index, range_ in enumerate((one.way_in and one.way_in.public_ranges) or ())
    ]
    for (_, one_at, name, first), (at, other_at, other_name, second) in combinations(ranges, 2):
        if one_at != other_at and first.overlaps(second):
            raise InvalidValue(f"ranges of {other_name} alone; {name} has {first}", at=at, found=str(second),
                               problem="Two providers share addresses.",
                               fix="Name the addresses of each organisation's own computers.")  # fmt: skip


ProviderCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{3,10}$")]
"""An ODS code in lower case."""


def inbox_name(code: str) -> str:
    """Return the logical name of a provider's inbox, and of its key."""
    return f"inbox-{code.lower()}"


class Provider(ProviderSpec):
    """An organisation that uploads data."""

    code: ProviderCode
    """Its ODS code."""
    system: Line | None = None
    """The integrated care system of the organisation."""
    inbox: IPv4Address | None = None
    """The address of its inbox: a store of its own. None: it has a container in the zone's store."""

    @model_validator(mode="after")
    def _inbox_of_its_way(self) -> Self:
        if self.way_in and self.inbox is None:
            raise InvalidValue("with `way_in` the address of the inbox, `inbox`")
        return self
