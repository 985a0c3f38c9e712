"""Azure's price list, with answers of every kind."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
from datetime import date
from email.message import Message
from typing import Any
from urllib.parse import unquote

import pytest

from formats.errors import Failed
from operations.prices import retail
from operations.prices.meters import meters
from operations.prices.retail import Lookup, look_up

TODAY = date(2026, 1, 2)
METERS = meters(["Standard_D4s_v5"])
VM, FIREWALL, DISK, ZONE = "VM Standard_D4s_v5", "Azure Firewall Premium", "Disk P30 Premium_LRS", "Private DNS zone"


def row(**changed: Any) -> dict[str, Any]:
    return {
        "currencyCode": "GBP", "retailPrice": 0.1, "tierMinimumUnits": 0.0, "armRegionName": "uksouth",
        "productName": "Azure Firewall", "skuName": "Premium", "serviceName": "Azure Firewall", "type": "Consumption",
        "meterName": "Premium Deployment", "unitOfMeasure": "1 Hour", "armSkuName": "", "isPrimaryMeterRegion": True,
        **changed,
    }  # fmt: skip


def vm_row(**changed: Any) -> dict[str, Any]:
    vm = {"productName": "Virtual Machines Dsv5 Series", "skuName": "D4s v5", "meterName": "D4s v5",
          "serviceName": "Virtual Machines", "armSkuName": "Standard_D4s_v5"}  # fmt: skip
    return row(**{**vm, **changed})


def answer(*rows: dict[str, Any], following: str | None = None) -> bytes:
    return json.dumps({"BillingCurrency": "GBP", "Items": rows, "NextPageLink": following, "Count": len(rows)}).encode()


def ask(item: str, *pages: bytes) -> Lookup:
    left = iter(pages)
    return look_up({item: METERS[item]}, ["uksouth"], "GBP", TODAY, lambda _: next(left))


def test_a_price_has_its_region_unit_date_and_source() -> None:
    (price,) = ask(FIREWALL, answer(row())).found
    assert price.model_dump(mode="json") == {
        "item": FIREWALL, "region": "uksouth", "unit": "hour", "price": "0.1", "date": "2026-01-02",
        "source": "Azure Retail Prices API 2023-01-01-preview",
    }  # fmt: skip


def test_the_request_names_version_currency_and_region() -> None:
    asked: list[str] = []
    look_up({DISK: METERS[DISK], ZONE: METERS[ZONE]}, ["uksouth"], "USD", TODAY,
            lambda url: asked.append(unquote(url)) or answer())  # fmt: skip
    start = "https://prices.azure.com/api/retail/prices?api-version=2023-01-01-preview&currencyCode='USD'&$filter="
    assert all(url.startswith(start) for url in asked)
    assert "productName eq 'Premium SSD Managed Disks' and armRegionName eq 'uksouth'" in asked[0]
    assert "armRegionName" not in asked[1]


def test_meters_of_one_product_share_a_request() -> None:
    asked: list[str] = []
    look_up(METERS, ["uksouth", "ukwest"], "GBP", TODAY, lambda url: asked.append(url) or answer())
    assert len(asked) == len(set(asked)) + 2  # of Global and of no region, for each of two regions
    assert len(asked) <= 2 * 15


def test_other_offers_of_a_vm_size_are_left_out() -> None:
    others = (vm_row(productName="Virtual Machines Dsv5 Series Windows"), vm_row(skuName="D4s v5 Spot"),
              vm_row(meterName="D4s v5 Low Priority"), vm_row(type="Reservation"), vm_row(currencyCode="USD"),
              vm_row(armRegionName="ukwest"), vm_row(armSkuName="Standard_D8s_v5"))  # fmt: skip
    cheap = tuple({**other, "retailPrice": 0.01} for other in others)
    assert [str(p.price) for p in ask(VM, answer(*cheap, vm_row())).found] == ["0.1"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ((), "no such price"),
        ((row(retailPrice=0),), "no such price"),
        ((row(tierMinimumUnits=100),), "no such price"),
        ((row(), row(retailPrice=0.2)), "2 different prices"),
        ((row(unitOfMeasure="1 Day"),), "'1 Day'"),
        ((row(retailPrice=100_000_000),), "less than or equal"),
    ],
)
def test_a_price_that_is_not_clear_stays_unknown(rows: tuple[dict[str, Any], ...], reason: str) -> None:
    found = ask(FIREWALL, answer(*rows))
    assert found.found == ()
    ((item, region, why),) = found.missing
    assert (item, region) == (FIREWALL, "uksouth")
    assert reason in why


def test_equal_rows_are_one_price() -> None:
    assert len(ask(FIREWALL, answer(row(), row(isPrimaryMeterRegion=False))).found) == 1


def test_all_pages_are_read() -> None:
    following = "https://prices.azure.com:443/api/retail/prices?$skip=100"
    assert len(ask(FIREWALL, answer(following=following), answer(row())).found) == 1


@pytest.mark.parametrize(
    "following",
    [
        "http://prices.azure.com/api/retail/prices?$skip=1", "https://prices.azure.com.evil.example/api/retail/prices",
        "https://evil.example/api/retail/prices", "https://prices.azure.com/other", "file:///etc/passwd",
        "https://prices.azure.com:8443/api/retail/prices", "https://x@evil.example/api/retail/prices",
        "https://prices.azure.com:bad/api/retail/prices", "https://prices.azure.com/api/retail/prices?\r\nHost: evil",
        "/api/retail/prices",
    ],
)  # fmt: skip
def test_a_next_page_elsewhere_is_refused(following: str) -> None:
    with pytest.raises(Failed, match="another address"):
        ask(FIREWALL, answer(row(), following=following), answer())


def test_endless_pages_are_refused() -> None:
    with pytest.raises(Failed, match="more than 100 pages"):
        look_up({FIREWALL: METERS[FIREWALL]}, ["uksouth"], "GBP", TODAY,
                lambda _: answer(following="https://prices.azure.com/api/retail/prices?a"))  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html>", b"[]", b"null", b"{}", b'{"Items": {}}', b'{"Items": [1]}', b"\xff\xfe", b"[" * 100_000,
        answer(row(retailPrice=-1)), answer(row(retailPrice="x")), answer(row(meterName="m" * 501)),
        answer(row(retailPrice=float("nan"))), answer(row(retailPrice=float("inf"))), answer(*([row()] * 1001)),
        answer(row(type=None)),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused(content: bytes) -> None:
    with pytest.raises(Failed, match="cannot be used") as failed:
        ask(FIREWALL, content)
    assert len(str(failed.value)) < 700


class _Opener:
    def __init__(self, result: bytes | Exception) -> None:
        self.result = result

    def open(self, *_: object, **__: object) -> io.BytesIO:
        if isinstance(self.result, Exception):
            raise self.result
        return io.BytesIO(self.result)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (urllib.error.URLError("no route"), "cannot be reached"),
        (TimeoutError("slow"), "cannot be reached"),
        (urllib.error.HTTPError("https://x", 429, "Too many", Message(), None), "status 429"),
        (urllib.error.HTTPError("https://x", 302, "Found", Message(), None), "status 302"),
        (b"x" * 11, "more than 10 bytes"),
    ],
)
def test_a_request_without_a_usable_answer_fails(
    monkeypatch: pytest.MonkeyPatch, result: bytes | Exception, message: str
) -> None:
    monkeypatch.setattr(urllib.request, "build_opener", lambda *_: _Opener(result))
    monkeypatch.setattr(retail, "MAX_BYTES", 10)
    with pytest.raises(Failed, match=message) as failed:
        retail.fetch("https://prices.azure.com/api/retail/prices")
    assert "the price book is unchanged" in str(failed.value)


def test_redirects_are_not_followed() -> None:
    assert retail._NoRedirects().redirect_request() is None
