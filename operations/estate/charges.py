"""What the organisation charges a project besides Azure's prices."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from formats.input_model import Model

Amount = Annotated[int, Field(ge=0, le=10_000_000)]


class Charges(Model):
    """What the organisation charges each project once."""

    currency: Literal["GBP", "USD"]
    setup: Amount = 0
    data: Amount = 0
    """For finding, linking and preparing the project's data."""
