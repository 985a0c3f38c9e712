"""The idle price of a stack, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from formats.plan import Operation, Plan, PlannedResource
from operations.prices.book import Price, PriceBook, load
from operations.prices.estimate import price_of, together

ENDPOINT, BASTION, DISK = (
    f"azure-native:{type_}" for type_ in ("network:PrivateEndpoint", "network:BastionHost", "compute:Disk")
)
BOOK = PriceBook(
    currency="GBP",
    prices=tuple(
        Price(item=item, region=region, unit=unit, price=Decimal(price), date=date(2026, 1, 2), source="a test")
        for item, region, unit, price in (
            ("Private endpoint", "uksouth", "hour", "0.01"),
            ("Disk P10 Premium_LRS", "eastus", "month", "20"),
            ("Disk P30 Premium_LRS", "uksouth", "month", "100"),
        )
    ),
)


def resource(
    name: str, type_: str, operation: Operation = Operation.CREATE, inputs: Mapping[str, Any] | None = None, **more: Any
) -> PlannedResource:
    return PlannedResource(f"urn:pulumi:s::sde::{type_}::{name}", type_, operation,
                           inputs={"location": "uksouth", **(inputs or {})}, **more)  # fmt: skip


def disk(gib: int) -> dict[str, Any]:
    return {"location": "uksouth", "sku": {"name": "Premium_LRS"}, "diskSizeGB": gib}


def plan(*resources: PlannedResource) -> Plan:
    return Plan("sde", "s", "local", resources)


def sides(*resources: PlannedResource) -> tuple[str, str]:
    total = price_of(plan(*resources), BOOK).total
    return f"{total.before:.2f}", f"{total.after:.2f}"


def test_an_hourly_price_is_that_of_730_hours() -> None:
    assert sides(resource("a", ENDPOINT)) == ("0.00", "7.30")


def test_each_operation_counts_on_the_sides_where_it_exists() -> None:
    assert sides(resource("a", ENDPOINT, Operation.SAME)) == ("7.30", "7.30")
    assert sides(resource("a", ENDPOINT, Operation.IMPORT)) == ("0.00", "7.30")
    assert sides(resource("a", ENDPOINT, Operation.DELETE)) == ("7.30", "0.00")
    assert sides(resource("a", ENDPOINT, Operation.READ)) == ("0.00", "0.00")
    assert sides(resource("a", ENDPOINT, Operation.DELETE, retain_on_delete=True)) == ("7.30", "7.30")


def test_an_update_and_a_replacement_have_old_and_new_prices() -> None:
    for operation in (Operation.UPDATE, Operation.REPLACE):
        assert sides(resource("d", DISK, operation, disk(1024), old_inputs=disk(128))) == ("20.00", "100.00")


def test_an_item_without_a_price_is_named_and_not_zero() -> None:
    found = price_of(plan(resource("b", BASTION, inputs={"sku": {"name": "Standard"}})), BOOK)
    assert found.to_json()["unknown"] == {"Bastion Standard": {"before": 0, "after": 1}}
    assert found.to_json()["items"] == {}
    assert found.to_json()["parts"][0]["complete"] is False


def test_a_price_of_another_region_is_marked() -> None:
    assert price_of(plan(resource("d", DISK, inputs=disk(128))), BOOK).elsewhere == {"Disk P10 Premium_LRS"}
    assert price_of(plan(resource("d", DISK, inputs=disk(1024))), BOOK).elsewhere == set()
    moved = {**disk(1024), "location": "UK West"}
    assert price_of(plan(resource("d", DISK, inputs=moved)), BOOK).elsewhere == {"Disk P30 Premium_LRS"}


def test_a_part_is_the_component_that_declares_resources() -> None:
    desk = PlannedResource("urn:pulumi:s::sde::sde:infra:Desk::desk", "sde:infra:Desk", Operation.CREATE, custom=False)
    found = price_of(plan(desk, resource("d", DISK, inputs=disk(1024), parent=desk.urn), resource("e", ENDPOINT)), BOOK)
    assert {part: str(change.after) for part, change in found.parts.items()} == {
        ("sde:infra:Desk", "desk"): "100", (ENDPOINT, "e"): "7.30",
    }  # fmt: skip


OPERATIONS = st.sampled_from(list(Operation))


@given(st.lists(st.tuples(st.sampled_from((ENDPOINT, BASTION, DISK)), OPERATIONS, st.integers(1, 40000)), max_size=8))
def test_totals_equal_the_sums_of_items_and_of_parts(given_: list[tuple[str, Operation, int]]) -> None:
    resources = [resource(f"r{i}", type_, operation, disk(gib)) for i, (type_, operation, gib) in enumerate(given_)]
    found = price_of(plan(*resources), BOOK)
    for side in ("before", "after"):
        total = getattr(found.total, side)
        assert total == sum((getattr(change, side) for change in found.items.values()), Decimal(0))
        assert total == sum((getattr(change, side) for change in found.parts.values()), Decimal(0))
        assert total >= 0
    several = together([price_of(plan(one), BOOK) for one in resources], "GBP")
    assert (several.total, dict(several.items), dict(several.unknown)) == (
        found.total, dict(found.items), dict(found.unknown),
    )  # fmt: skip


@given(st.permutations(range(6)))
def test_the_order_of_resources_changes_nothing(order: list[int]) -> None:
    resources = [resource(f"r{i}", DISK, inputs=disk(2 ** (i + 4))) for i in range(6)]
    shuffled = price_of(plan(*(resources[i] for i in order)), BOOK)
    assert shuffled.to_json() == price_of(plan(*resources), BOOK).to_json()


def test_the_shipped_price_book_is_valid() -> None:
    book = load()
    assert all(price.source and price.price > 0 for price in book.every_price)
