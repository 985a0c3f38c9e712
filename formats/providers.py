"""The organisations that upload data, as the estate and the junction zone's configuration have them."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address
from itertools import combinations
from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from formats.input_model import Guid, Line, Model
from formats.validation import InvalidValue, Location
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

    @model_validator(mode="after")
    def _closed_without_way_in(self) -> Self:
        if self.closed and self.way_in:
            raise InvalidValue("no `way_in` of a closed provider", problem="A closed provider has a way in.",
                               at=("way_in",), fix="Remove `way_in`, or `closed`.")  # fmt: skip
        return self


def refuse_common_ranges(providers: Sequence[ProviderSpec], paths: Sequence[Location] | None = None) -> None:
    """Raise `InvalidValue` for two providers whose public ranges share an address: each could then reach both inboxes.

    `paths` are the locations of the providers, if they are not in one list.
    """
    found = [
        ((*(paths[i] if paths else (i,)), "way_in", "public_ranges", j), provider.name, range_)
        for i, provider in enumerate(providers)
        for j, range_ in enumerate((provider.way_in and provider.way_in.public_ranges) or ())
    ]
    for (_, one, first), (at, other, second) in combinations(found, 2):
        if one != other and first.overlaps(second):
            raise InvalidValue(f"ranges of {other} alone; {one} has {first}", at=at, found=str(second),
                               problem="Two providers share addresses.",
                               fix="Name the addresses of each organisation's own computers.")  # fmt: skip


class Provider(ProviderSpec):
    """An organisation that uploads data."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{3,10}$")]
    """Its ODS code in lower case."""
    system: Line | None = None
    """The integrated care system of the organisation."""
    inbox: IPv4Address | None = None
    """The address of its inbox: a store of its own. None: it has a container in the zone's store."""

    @model_validator(mode="after")
    def _inbox_of_its_way(self) -> Self:
        if self.way_in and self.inbox is None:
            raise InvalidValue("with `way_in` the address of the inbox, `inbox`")
        return self
