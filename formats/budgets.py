"""The monthly budget of a project, with the people to whom Azure sends alerts."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from formats.input_model import Model
from formats.validation import InvalidValue

EMAIL = r"^[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$"
Amount = Annotated[int, Field(ge=1, le=10_000_000)]


def _distinct(alerts: tuple[str, ...]) -> tuple[str, ...]:
    if len({one.lower() for one in alerts}) < len(alerts):
        raise InvalidValue("addresses, each named once")
    return alerts


class Budget(Model):
    """A budget as a request states it. Azure has no currency for it: it is the one in which the subscription is billed,
    which the name of the key records."""

    monthly_gbp: Amount | None = None
    monthly_usd: Amount | None = None
    alerts: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=EMAIL, max_length=254)], ...],
        Field(min_length=1, max_length=50),
        AfterValidator(_distinct),
    ]
    """The email addresses of named people. They are personal data: in no tag and no output."""

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        if (self.monthly_gbp is None) is (self.monthly_usd is None):
            raise InvalidValue("one of monthly_gbp and monthly_usd, the currency in which the subscription is billed",
                               problem="A budget has one amount.")  # fmt: skip
        return self

    @property
    def amount(self) -> int:
        """The amount for a month."""
        return self.monthly_gbp or self.monthly_usd or 0
