"""The price book: list prices of items, each with its region, unit, date and source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from formats.computers import VmSize
from formats.input_model import Model
from formats.validation import refuse_duplicates, validated
from formats.yaml_reader import read_mapping
from formats.yaml_scalars import CoreDumper
from operations.prices.charges import vm_item
from operations.settings import write_whole

FILE = Path(__file__).parent / "book.yaml"
HOURS = 730
"""The hours of a month in Azure's price lists."""
Currency = Literal["GBP", "USD"]
Unit = Literal["hour", "day", "month"]
UseUnit = Literal["GB", "10,000 operations"]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
RegionName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,40}$")]
"""Azure's short name of a region, such as `uksouth`."""


def _exact(value: object) -> object:
    """Read a decimal as it is written, not the nearest binary fraction."""
    return str(value) if isinstance(value, float) else value


Amount = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=1_000_000, decimal_places=10)]
"""A price for one unit, without tax and agreements. Never zero: what is not known is not in the book."""


class ListPrice(Model):
    """A list price."""

    item: Line
    region: RegionName | None = None
    """None if the source does not say."""
    price: Amount
    date: date
    """The day on which the price was read, or the date of the source."""
    source: Line


class Price(ListPrice):
    """The list price of one item for a time."""

    unit: Unit

    @property
    def monthly(self) -> Decimal:
        """The price of a month."""
        units = {"hour": Decimal(HOURS), "day": Decimal(HOURS) / 24, "month": Decimal(1)}
        return self.price * units[self.unit]


class UsePrice(ListPrice):
    """The list price of a use of a resource. It is no part of an idle price."""

    type: Annotated[str, StringConstraints(pattern=r"^[a-z]+:[A-Za-z]+$")]
    """The type of the resource, such as `storage:StorageAccount`."""
    unit: UseUnit


class VirtualMachinePrices(Model):
    """List prices of virtual machines with Linux for an hour, from one source."""

    region: RegionName
    date: date
    source: Line
    prices: Mapping[VmSize, Amount]

    def items(self) -> Iterator[Price]:
        """Yield the prices as items of the book."""
        for size, amount in self.prices.items():
            yield Price.model_construct(
                item=vm_item(size), region=self.region, price=amount, date=self.date, source=self.source, unit="hour"
            )


class PriceBook(Model):
    """The prices of one currency: sums need no exchange rate."""

    currency: Currency
    prices: tuple[Price, ...]
    virtual_machines: tuple[VirtualMachinePrices, ...] = ()
    """Used where `prices` has no price of the size in the region."""
    uses: tuple[UsePrice, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> PriceBook:
        refuse_duplicates(
            ((("prices", index, "item"), f"{price.item} in {price.region}") for index, price in enumerate(self.prices)),
            "Two prices are of the same item and region.",
        )
        refuse_duplicates(
            (
                (("virtual_machines", index, "prices", size), f"{size} in {one.region}")
                for index, one in enumerate(self.virtual_machines)
                for size in one.prices
            ),
            "Two lists have a price of the same size and region.",
        )
        return self

    @property
    def every_price(self) -> tuple[Price, ...]:
        """All prices of items, those of virtual machines last."""
        return (*self.prices, *(price for one in self.virtual_machines for price in one.items()))

    @cached_property
    def _by_item(self) -> dict[str, dict[str | None, Price]]:
        found: dict[str, dict[str | None, Price]] = {}
        for price in self.every_price:
            found.setdefault(price.item, {}).setdefault(price.region, price)
        return found

    def price(self, item: str, region: str | None) -> FoundPrice | None:
        """Return the item's price in a region, else that of the first other region in the book, marked as such."""
        regions = self._by_item.get(item)
        if not regions:
            return None
        if region in regions and region is not None:
            return FoundPrice(regions[region], elsewhere=False)
        return FoundPrice(next(iter(regions.values())), elsewhere=True)

    def uses_of(self, type_: str) -> tuple[UsePrice, ...]:
        """Return the prices of the use of a resource of a Pulumi type."""
        return tuple(one for one in self.uses if type_.endswith(f":{one.type}"))


@dataclass(frozen=True)
class FoundPrice:
    """A price, and True if it is not known to be of the region that was asked for."""

    price: Price
    elsewhere: bool


def load(file: Path | None = None) -> PriceBook:
    """Read the price book. `InputError` names the file and the key of a mistake."""
    file = file or FILE
    return validated(PriceBook, read_mapping(file), file=str(file))


def save(book: PriceBook, file: Path | None = None) -> None:
    """Write the price book as a whole, sorted by item and region."""
    content = {
        "currency": book.currency,
        "prices": _entries(book.prices),
        "uses": _entries(book.uses),
        "virtual_machines": [_list(one) for one in book.virtual_machines],
    }
    text = yaml.dump(content, Dumper=CoreDumper, sort_keys=True, allow_unicode=True, width=120)
    write_whole(file or FILE, f"# Written by `sde prices refresh`. List prices without tax and agreements.\n{text}")


def _entries(prices: Sequence[ListPrice]) -> list[dict[str, Any]]:
    return [
        {**price.model_dump(exclude_none=True, exclude={"price"}), "price": f"{price.price:f}"}
        for price in sorted(prices, key=lambda price: (price.item, price.region or ""))
    ]


def _list(one: VirtualMachinePrices) -> dict[str, Any]:
    return {**one.model_dump(exclude={"prices"}), "prices": {size: f"{price:f}" for size, price in one.prices.items()}}


def merged(book: PriceBook, currency: Currency, found: Sequence[Price]) -> PriceBook:
    """Return the book with the found prices. Prices of another currency are left out."""
    is_same = book.currency == currency
    new = {(price.item, price.region): price for price in (*(book.prices if is_same else ()), *found)}
    kept = {"uses": book.uses, "virtual_machines": book.virtual_machines} if is_same else {}
    return PriceBook(currency=currency, prices=tuple(new.values()), **kept)
