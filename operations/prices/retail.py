"""The Azure Retail Prices API: public list prices, read without an account.

Reference: "Azure Retail Prices overview", learn.microsoft.com/rest/api/cost-management/retail-prices. Filter values
are case-sensitive in this version.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from formats.errors import Failed
from operations.prices.book import Currency, Price
from operations.prices.meters import Meter

HOST = "prices.azure.com"
PATH = "/api/retail/prices"
VERSION = "2023-01-01-preview"
SOURCE = f"Azure Retail Prices API {VERSION}"
MAX_BYTES = 20 << 20
MAX_PAGES = 100
"""Pages of one answer. The largest query, the disks of one product and region, has fewer than ten."""
_SECONDS = 30
_UNCHANGED = "\n  fix:     run it again later; the price book is unchanged"

Fetch = Callable[[str], bytes]
Text = Annotated[str, StringConstraints(max_length=500)]


class RetailRow(BaseModel):
    """One row of an answer. Further fields are ignored: the API adds some without a new version."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    currency: Text = Field(alias="currencyCode")
    price: Annotated[Decimal, Field(ge=0, le=1_000_000_000, alias="retailPrice")]
    minimum_units: Annotated[Decimal, Field(ge=0, alias="tierMinimumUnits")] = Decimal(0)
    region: Text | None = Field(alias="armRegionName", default=None)
    product: Text = Field(alias="productName")
    sku: Text = Field(alias="skuName")
    service: Text = Field(alias="serviceName")
    name: Text = Field(alias="meterName")
    unit: Text = Field(alias="unitOfMeasure")
    type: Text
    arm_sku: Text | None = Field(alias="armSkuName", default=None)


class RetailPage(BaseModel):
    """One page of an answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rows: Annotated[tuple[RetailRow, ...], Field(alias="Items", max_length=1000)]
    next: str | None = Field(alias="NextPageLink", default=None)


@dataclass(frozen=True)
class Lookup:
    """The prices that the API has, and the items without one clear price, with the region and reason."""

    found: tuple[Price, ...]
    missing: tuple[tuple[str, str, str], ...]


def look_up(
    meters: Mapping[str, Meter], regions: Sequence[str], currency: Currency, today: date, fetch: Fetch
) -> Lookup:
    """Return the prices of the meters in these regions. `Failed` for an answer that cannot be used."""
    found: list[Price] = []
    missing: list[tuple[str, str, str]] = []
    for region in regions:
        answers: dict[tuple[str, str], list[RetailRow]] = {}
        for item, meter in meters.items():
            key = meter.query, region if meter.scope is None else meter.scope
            if key not in answers:
                answers[key] = list(_rows(*key, currency, fetch))
            result = _price(item, meter, answers[key], region, today)
            if isinstance(result, Price):
                found.append(result)
            else:
                missing.append((item, region, result))
    return Lookup(tuple(found), tuple(missing))


def _price(item: str, meter: Meter, rows: Sequence[RetailRow], region: str, today: date) -> Price | str:
    """Return the price of the first unit, or the reason why there is none."""
    mine = [
        row for row in rows
        if row.minimum_units == 0 and row.price > 0
        and meter.bills(product=row.product, sku=row.sku, name=row.name, arm_sku=row.arm_sku or "")
    ]  # fmt: skip
    if not mine:
        return "Azure lists no such price"
    if len({(row.price, row.unit) for row in mine}) > 1:
        return f"Azure lists {len(mine)} different prices"
    unit = meter.units.get(mine[0].unit)
    if unit is None:
        return f"the unit of the price is {mine[0].unit!r}"
    try:
        return Price(item=item, region=region, unit=unit, price=mine[0].price, date=today, source=SOURCE)
    except ValidationError as error:
        return str(error.errors(include_url=False)[0]["msg"])


def _rows(query: str, region: str, currency: Currency, fetch: Fetch) -> Iterator[RetailRow]:
    """Yield the rows of all pages. Rows of other regions, currencies and offers are left out."""
    asked = f"priceType eq 'Consumption' and {query}" + (f" and armRegionName eq '{region}'" if region else "")
    url: str | None = f"https://{HOST}{PATH}?api-version={VERSION}&currencyCode='{currency}'&$filter={quote(asked)}"
    for _ in range(MAX_PAGES):
        page = _page(fetch(url or ""))
        for row in page.rows:
            if (row.region or "", row.currency, row.type) == (region, currency, "Consumption"):
                yield row
        url = page.next
        if not url:
            return
        _require_same_place(url)
    raise Failed(f"Azure's price list has more than {MAX_PAGES} pages for one query.{_UNCHANGED}")


def _page(content: bytes) -> RetailPage:
    try:
        return RetailPage.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))[:200]
        problem = f"  key:     {where}\n  found:   {first['msg'][:200]}"
        raise Failed(f"Azure's price list gave an answer that cannot be used.\n{problem}{_UNCHANGED}") from None


def _require_same_place(url: str) -> None:
    """Refuse a next page elsewhere: the answer of a server does not choose where requests go."""
    try:
        parts = urlsplit(url)
        same = (parts.scheme, parts.hostname, parts.port or 443, parts.path) == ("https", HOST, 443, PATH)
    except ValueError:
        same = False
    if not same or not url.isascii() or not url.isprintable() or " " in url:
        raise Failed(f"Azure's price list names a next page at another address: {url[:200]!r}{_UNCHANGED}")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirects, for the same reason."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return no request: the answer becomes an error."""


def fetch(url: str) -> bytes:
    """Return the content at an address of the API. `Failed` without a network or for an answer that is no success."""
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - https, see the callers
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=_SECONDS) as answer:
            content: bytes = answer.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise Failed(f"Azure's price list answered with status {error.code}.{_UNCHANGED}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise Failed(
            f"Azure's price list cannot be reached.\n  found:   {str(reason)[:200]}\n"
            f"  fix:     run this where https://{HOST} can be reached; the price book is unchanged"
        ) from None
    if len(content) > MAX_BYTES:
        raise Failed(f"Azure's price list gave an answer of more than {MAX_BYTES:,} bytes.{_UNCHANGED}")
    return content
