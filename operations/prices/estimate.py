"""The idle price of a stack a month, before and after the deployment of its plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from formats.plan import Operation, Plan, PlannedResource
from formats.urns import name_of, type_of
from operations.prices.book import Currency, PriceBook, UsePrice
from operations.prices.charges import Charge, Inputs, charges_of, usage_of
from operations.prices.ways import WayPart, WayParts

_ABSENT = Decimal(0)
_BEFORE, _AFTER = 0, 1


@dataclass
class Change:
    """A number before and after."""

    before: Decimal = _ABSENT
    after: Decimal = _ABSENT

    def add(self, side: int, amount: Decimal) -> None:
        """Add to one side."""
        if side == _BEFORE:
            self.before += amount
        else:
            self.after += amount

    @property
    def differs(self) -> bool:
        """True if the sides differ."""
        return self.before != self.after

    def __add__(self, other: Change) -> Change:
        return Change(self.before + other.before, self.after + other.after)


@dataclass
class StackPrice:
    """The idle price of one stack, or of several together."""

    stack: str
    currency: Currency
    total: Change = field(default_factory=Change)
    """The sum of the known prices."""
    items: dict[str, Change] = field(default_factory=lambda: defaultdict(Change))
    """The monthly price of each known item."""
    counts: dict[str, Change] = field(default_factory=lambda: defaultdict(Change))
    """The number of each known item."""
    parts: dict[tuple[str, str], Change] = field(default_factory=lambda: defaultdict(Change))
    """The monthly price of each part by the type and name of its component, without items of unknown price."""
    unknown_parts: set[tuple[str, str]] = field(default_factory=set)
    """The parts that have or had an item of unknown price."""
    unknown: dict[str, Change] = field(default_factory=lambda: defaultdict(Change))
    """The number of each item without a price."""
    elsewhere: set[str] = field(default_factory=set)
    """The items whose price is of another region, or of one that the source does not name."""
    usage: set[str] = field(default_factory=set)
    """The use that Azure bills beside the idle price."""
    ways: dict[str, Change] = field(default_factory=dict)
    """The monthly price of the parts that exist for each way in alone, without items of unknown price."""
    unknown_ways: set[str] = field(default_factory=set)
    """The ways in that have or had an item of unknown price."""
    uses_of_ways: dict[str, UsePrice] = field(default_factory=dict)
    """The known prices of the use of those parts, by item."""

    @property
    def existed(self) -> bool:
        """True if anything with a price, known or not, exists before."""
        return bool(self.total.before) or any(change.before for change in self.unknown.values())

    @property
    def difference(self) -> Decimal | None:
        """The change of the price. None if the number of an item without a price changes: it may cost any amount."""
        if any(change.differs for change in self.unknown.values()):
            return None
        return self.total.after - self.total.before

    def to_json(self) -> dict[str, Any]:
        """Return the record for `--json`. Prices are rounded to two decimals."""
        return {
            "stack": self.stack,
            "currency": self.currency,
            "before": rounded(self.total.before),
            "after": rounded(self.total.after),
            "difference": None if self.difference is None else rounded(self.difference),
            "items": _prices(self.items),
            "parts": [
                {
                    "type": type_,
                    "name": name,
                    "before": rounded(change.before),
                    "after": rounded(change.after),
                    "complete": (type_, name) not in self.unknown_parts,
                }
                for (type_, name), change in sorted(self.parts.items())
            ],
            "ways_in": [
                {
                    "name": name,
                    "before": rounded(change.before),
                    "after": rounded(change.after),
                    "complete": name not in self.unknown_ways,
                }
                for name, change in self.ways.items()
            ],
            "unknown": {
                item: {"before": int(change.before), "after": int(change.after)}
                for item, change in sorted(self.unknown.items())
            },
            "prices_of_other_regions": sorted(self.elsewhere),
            "not_included": sorted(self.usage),
        }


def price_of(plan: Plan, book: PriceBook, ways: Sequence[WayPart] = ()) -> StackPrice:
    """Return the idle price of a plan's stack, and the share of each way in."""
    estimate = _Estimate(plan, book, ways)
    for resource in plan.resources:
        for side, inputs in _sides(resource):
            estimate.add(resource, side, inputs)
    return estimate.found


def together(prices: Iterable[StackPrice], currency: Currency) -> StackPrice:
    """Return the sum of several stacks' prices. Its parts and ways are left out: their names are those of one stack."""
    total = StackPrice("", currency)
    for price in prices:
        total.total += price.total
        total.elsewhere |= price.elsewhere
        total.usage |= price.usage
        for mine, its in ((total.items, price.items), (total.unknown, price.unknown)):
            for item, change in its.items():
                mine[item] += change
    return total


def _sides(resource: PlannedResource) -> Iterator[tuple[int, Inputs]]:
    """Yield the inputs before and after, for the sides on which the stack has the resource."""
    operation = resource.operation
    if not resource.custom or operation is Operation.READ:
        return
    if operation not in (Operation.CREATE, Operation.IMPORT):
        yield _BEFORE, resource.inputs if resource.old_inputs is None else resource.old_inputs
    # A resource that is kept in Azure when its stack no longer has it is still billed.
    if operation is not Operation.DELETE or resource.retain_on_delete:
        yield _AFTER, resource.inputs


class _Estimate:
    """Adds up the charges of one plan."""

    def __init__(self, plan: Plan, book: PriceBook, ways: Sequence[WayPart]) -> None:
        self.found = StackPrice(plan.stack, book.currency, ways={one.name: Change() for one in ways})
        self._book = book
        self._home = _home_region(plan.resources)
        self._ways = WayParts(ways, plan.resources)
        self._components = {resource.urn for resource in plan.resources if not resource.custom}

    def add(self, resource: PlannedResource, side: int, inputs: Inputs) -> None:
        """Add the charges of a resource to one side."""
        if use := usage_of(resource.type):
            self.found.usage.add(use)
        region, way = _region(inputs) or self._home, self._ways.of(resource)
        if way:
            self.found.uses_of_ways |= {one.item: one for one in self._book.uses_of(resource.type)}
        for charge in charges_of(resource.type, inputs):
            self._add(charge, self._part(resource), way, side, region)

    def _add(self, charge: Charge, part: tuple[str, str], way: str | None, side: int, region: str | None) -> None:
        found, known = self.found, self._book.price(charge.item, region)
        amount = known.price.monthly * charge.quantity if known else _ABSENT
        found.parts[part].add(side, amount)
        if way:
            found.ways[way].add(side, amount)
        if known is None:
            found.unknown[charge.item].add(side, charge.quantity)
            found.unknown_parts.add(part)
            found.unknown_ways |= {way} if way else set()
            return
        found.total.add(side, amount)
        found.items[charge.item].add(side, amount)
        found.counts[charge.item].add(side, charge.quantity)
        if known.elsewhere:
            found.elsewhere.add(charge.item)

    def _part(self, resource: PlannedResource) -> tuple[str, str]:
        """Return the type and name of the component that declares the resource, or of the resource itself."""
        parent = resource.parent
        if parent in self._components and parent and not type_of(parent).startswith("pulumi:"):
            return type_of(parent), name_of(parent)
        return resource.type, resource.name


def _region(inputs: Inputs) -> str | None:
    location = inputs.get("location")
    if not isinstance(location, str) or location.startswith("["):
        return None
    short = location.replace(" ", "").lower()
    return None if short == "global" else short


def _home_region(resources: Iterable[PlannedResource]) -> str | None:
    """Return the region of the stack, for resources such as keys that have no location of their own."""
    return next((region for r in resources if (region := _region(r.inputs))), None)


def rounded(amount: Decimal) -> float:
    """Return an amount with two decimals."""
    return round(float(amount), 2)


def _prices(changes: Mapping[str, Change]) -> dict[str, dict[str, float]]:
    return {
        item: {"before": rounded(change.before), "after": rounded(change.after)}
        for item, change in sorted(changes.items())
    }
