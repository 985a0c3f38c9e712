"""What a project costs, line by line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.prices.book import Price, PriceBook
from operations.prices.charges import charges_of, stored_item
from operations.prices.cost import Item, Line, ProjectCost, Required, Use, cost_of, items_of
from operations.prices.estimate import price_of
from tests.policies import shipped

BOOK = PriceBook(
    currency="GBP",
    prices=(Price(item=stored_item("hot", "Standard_LRS"), region="uksouth", unit="month", price=Decimal("0.02"),
                  date=date(2026, 1, 2), source="a test"),),
)  # fmt: skip
OWN = [
    Item("Private endpoint", Decimal(6), Decimal(60)),
    Item("VM Standard_D4s_v5", Decimal(1), Decimal(73)),
    Item("Disk P10 Premium_LRS", Decimal(2), Decimal(40)),
]
PLATFORM = [Item("Azure Firewall Premium", Decimal(1), Decimal(900)), Item("Bastion Standard", Decimal(1), None)]


def cost(own: list[Item] = OWN, days: int = 365, projects: int = 3, **use: object) -> ProjectCost:
    given_use = Use(region="uksouth", redundancy="Standard_LRS", **use)  # type: ignore[arg-type]
    required = [Required("platform", PLATFORM, projects)]
    return cost_of(own, required, given_use, BOOK, once={Line.SETUP: 1000, Line.DATA: 0}, days=days)


def of(found: ProjectCost, line: Line) -> Decimal:
    return next(one.monthly for one in found.lines if one.line is line)


def test_each_item_is_on_its_line_and_required_stacks_are_shared_by_their_projects() -> None:
    found = cost()
    monthly = {one.line: one.monthly for one in found.lines if one.monthly}
    assert monthly == {Line.HOSTING: 60, Line.DISKS: 40, Line.SHARED: 300, Line.COMPUTE: 73}
    assert [one.line for one in found.lines if one.unknown] == [Line.ACCESS]
    assert not found.is_complete
    assert [one.line for one in found.lines] == list(Line)


def test_the_cost_until_the_end_counts_the_days_and_what_is_charged_once() -> None:
    found = cost(days=365)
    assert found.months == 12  # of 730 hours
    assert (found.monthly, found.until_end) == (473, 473 * 12 + 1000)
    assert cost(days=-5).until_end == 1000


def test_a_desk_costs_the_hours_that_it_runs_and_data_its_tier() -> None:
    found = cost(hours=Decimal(73), stored={Line.HOT: Decimal(500), Line.ARCHIVE: Decimal(9)})
    assert (of(found, Line.COMPUTE), of(found, Line.HOT), of(found, Line.DISKS)) == (Decimal("7.3"), 10, 40)
    archive = next(one for one in found.lines if one.line is Line.ARCHIVE)
    assert archive.unknown == ["GB in the archive tier, Standard_LRS"]
    assert archive.amounts(found.months) == ("unknown", "unknown")


@given(st.integers(1, 300), st.integers(1, 300))
def test_the_shares_of_all_projects_are_the_whole(projects: int, other: int) -> None:
    assert abs(of(cost(projects=projects), Line.SHARED) * projects - of(cost(projects=other), Line.SHARED) * other) < 1


@pytest.mark.parametrize(
    ("type_", "inputs", "line"),
    [
        ("network:BastionHost", {"sku": {"name": "Standard"}, "scaleUnits": 3}, Line.ACCESS),
        ("network:VirtualNetworkGateway", {"gatewayType": "Vpn", "sku": {"name": "VpnGw1AZ"}}, Line.ACCESS),
        ("compute:Disk", {"sku": {"name": "Premium_LRS"}, "diskSizeGB": 64, "maxShares": 2}, Line.DISKS),
        ("compute:VirtualMachine", {"hardwareProfile": {"vmSize": "Standard_D2s_v5"}, "plan": {}}, None),
        ("containerregistry:Registry", {"sku": {"name": "Premium"}}, Line.HOSTING),
    ],
)
def test_the_names_of_charges_lead_to_their_lines(type_: str, inputs: dict[str, object], line: Line | None) -> None:
    """`None`: a desk of a marketplace image is compute, a disk and a licence."""
    charges = charges_of(f"azure-native:{type_}", inputs)
    found = cost([Item(one.item, one.quantity, Decimal(1)) for one in charges])
    own = {one.line for one in found.lines if one.monthly} - {Line.SHARED}
    assert own == ({line} if line else {Line.COMPUTE, Line.DISKS, Line.LICENCES})


def test_every_item_of_a_plan_is_counted() -> None:
    plan = shipped.deployed("tre-hcm-progression")
    price = price_of(plan, BOOK)
    items = items_of(price)
    assert {one.name for one in items} == {name for name, change in price.unknown.items() if change.after}
    assert sum(one.number for one in items if one.name.startswith("VM ")) == 1
