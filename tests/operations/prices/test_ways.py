"""The share of the idle price that each way in adds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from formats.plan import Operation, Plan, PlannedResource
from operations.prices.book import Price, PriceBook, load
from operations.prices.charges import usage_of
from operations.prices.estimate import StackPrice, price_of
from operations.prices.ways import WayPart

ENDPOINT, KEY, GATEWAY = (
    f"azure-native:{type_}" for type_ in ("network:PrivateEndpoint", "keyvault:Key", "network:VirtualNetworkGateway")
)
ITEMS = {"Private endpoint": "7", "Key in hardware, other than RSA 2048": "5", "VPN gateway VpnGw1AZ": "150"}
BOOK = PriceBook(
    currency="GBP",
    prices=tuple(
        Price(item=item, region="uksouth", unit="month", price=Decimal(price), date=date(2026, 1, 2), source="a test")
        for item, price in ITEMS.items()
    ),
    uses=load().uses,
)
HARDWARE = {"properties": {"kty": "RSA-HSM", "keySize": 3072}}


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:s::sde::{type_}::{name}"


def resource(
    name: str, type_: str, parent: str | None = None, operation: Operation = Operation.CREATE, **inputs: object
) -> PlannedResource:
    return PlannedResource(urn(type_, name), type_, operation, parent=parent, inputs={"location": "uksouth", **inputs})


def component(name: str, parent: str | None = None) -> PlannedResource:
    return PlannedResource(
        urn("sde:infra:Inbox", name), "sde:infra:Inbox", Operation.CREATE, parent=parent, custom=False
    )


def priced(ways: list[WayPart], *resources: PlannedResource) -> StackPrice:
    return price_of(Plan("sde", "s", "local", resources), BOOK, ways)


INBOXES = [WayPart("uploads of ZQ1", "inbox-zq1"), WayPart("uploads of ZQ10", "inbox-zq10")]


def after(price: StackPrice) -> dict[str, int]:
    return {name: int(change.after) for name, change in price.ways.items()}


def test_what_is_inside_a_way_and_its_key_are_its_share() -> None:
    inbox, store = component("inbox-zq1"), component("store", urn("sde:infra:Inbox", "inbox-zq1"))
    price = priced(
        INBOXES,
        inbox,
        store,
        resource("blob", ENDPOINT, store.urn),
        resource("keys-inbox-zq1", KEY, **HARDWARE),
        resource("keys-inbox-zq10", KEY, **HARDWARE),
        resource("junction", ENDPOINT),
    )
    assert after(price) == {"uploads of ZQ1": 12, "uploads of ZQ10": 5}
    assert int(price.total.after) == 24


def test_a_longer_name_is_the_more_exact_one() -> None:
    ways = [WayPart("the network", "staff"), WayPart("checks", "staff-vm-checks")]
    found = (resource("staff-vm-checks", ENDPOINT), resource("staff-keys", ENDPOINT), resource("staffing", ENDPOINT))
    assert after(priced(ways, *found)) == {"the network": 7, "checks": 7}


def test_a_way_without_a_part_has_no_price_of_its_own() -> None:
    price = priced([WayPart("released results", "")], resource("export-released", ENDPOINT))
    assert after(price) == {"released results": 0}
    assert not price.uses_of_ways


def test_an_item_without_a_price_makes_the_share_incomplete() -> None:
    gateway = resource("gateway", GATEWAY, gatewayType="Vpn", sku={"name": "VpnGw9AZ"})
    price = priced([WayPart("the site hscn", "gateway")], gateway)
    assert price.unknown_ways == {"the site hscn"}
    (way,) = price.to_json()["ways_in"]
    assert way == {"name": "the site hscn", "before": 0.0, "after": 0.0, "complete": False}


def test_a_removed_way_saves_its_share() -> None:
    price = priced(INBOXES[:1], resource("inbox-zq1", ENDPOINT, operation=Operation.DELETE))
    (change,) = price.ways.values()
    assert (int(change.before), int(change.after)) == (7, 0)


def test_the_use_of_a_way_has_its_list_prices() -> None:
    gateway = resource("gateway", GATEWAY, gatewayType="Vpn", sku={"name": "VpnGw1AZ"})
    price = priced([WayPart("the site hscn", "gateway")], gateway, resource("junction", ENDPOINT))
    assert {one.type for one in price.uses_of_ways.values()} == {"network:VirtualNetworkGateway"}
    assert after(price) == {"the site hscn": 150}


@pytest.mark.parametrize("use", load().uses, ids=lambda one: one.item)
def test_each_use_in_the_shipped_book_is_of_a_billed_type(use: object) -> None:
    type_ = f"azure-native:{use.type}"
    assert usage_of(type_) or type_ == KEY
