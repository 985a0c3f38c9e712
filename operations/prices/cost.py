"""What a project costs a month and until its end, by the lines on which an SDE charges it.

Azure's prices are those of the price book. What the organisation charges besides, for setup and data, is in its estate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from operations.prices.book import HOURS, Currency, PriceBook
from operations.prices.charges import WINDOWS_LICENCE, stored_item, vm_item
from operations.prices.estimate import StackPrice, rounded

DAYS_OF_MONTH = Decimal(HOURS) / 24
NOTHING = Decimal(0)


class Line(StrEnum):
    """The lines of a project's cost, in the order in which they are shown."""

    SETUP = "setup"
    DATA = "data"
    HOSTING = "hosting"
    ACCESS = "access"
    DISKS = "storage: disks"
    HOT = "storage: hot"
    COOL = "storage: cool"
    ARCHIVE = "storage: archive"
    SHARED = "shared services"
    COMPUTE = "compute"
    LICENCES = "licences"


TIERS = (Line.HOT, Line.COOL, Line.ARCHIVE)
_LINES: Mapping[str, Line] = {
    WINDOWS_LICENCE: Line.LICENCES,
    "VM": Line.COMPUTE, "Disk": Line.DISKS, "Shared disk": Line.DISKS, "Image with a plan": Line.LICENCES,
    **dict.fromkeys(("Bastion", "VPN gateway", "ExpressRoute gateway", "Virtual network gateway"), Line.ACCESS),
}  # fmt: skip
"""The line of the items whose names begin so (`charges.py`). All others of a tenancy are hosting."""


def tier_line(tier: str) -> Line:
    """Return the line of an access tier, such as `hot`. `ValueError` for no tier."""
    line = Line(f"storage: {tier}")
    if line not in TIERS:
        raise ValueError(tier)
    return line


@dataclass(frozen=True)
class Use:
    """How a project uses its environment: the drivers of its cost that no request states."""

    hours: Decimal = Decimal(HOURS)
    """The hours a month in which each desk runs."""
    stored: Mapping[Line, Decimal] = field(default_factory=dict)
    """The data in GB that is stored in each access tier."""
    region: str | None = None
    """The region of the stores."""
    redundancy: str = ""
    """The SKU of the stores."""


@dataclass(frozen=True)
class Item:
    """A number of one item of the price book, with its price a month; None if the book does not know it."""

    name: str
    number: Decimal
    monthly: Decimal | None

    def __str__(self) -> str:
        price = "of unknown price" if self.monthly is None else f"{self.monthly:,.2f}"
        return f"{self.number.normalize():f} × {self.name} {price}"


def items_of(price: StackPrice) -> list[Item]:
    """Return the items of a stack as it is planned."""
    known = [Item(name, price.counts[name].after, change.after) for name, change in price.items.items()]
    return [
        item
        for item in (*known, *(Item(name, change.after, None) for name, change in price.unknown.items()))
        if item.number
    ]


@dataclass(frozen=True)
class Required:
    """A stack that the project uses with others, and the number of projects that share its price."""

    stack: str
    items: Sequence[Item]
    projects: int


@dataclass
class CostLine:
    """The cost on one line."""

    line: Line
    monthly: Decimal = NOTHING
    """The sum of the known prices of a month."""
    once: Decimal = NOTHING
    drivers: list[str] = field(default_factory=list)
    """What the cost follows from."""
    unknown: list[str] = field(default_factory=list)
    """The items without a price."""

    def until_end(self, months: Decimal) -> Decimal:
        """Return the cost until the end of the project."""
        return self.once + self.monthly * months

    def amounts(self, months: Decimal) -> tuple[str, str]:
        """Return the cost of a month and until the end as text: a lower bound, or none, if a price is unknown."""
        texts = (f"{amount:,.2f}" if amount else "" for amount in (self.monthly, self.until_end(months)))
        first, last = (f"{'at least ' if text else ''}{text or 'unknown'}" if self.unknown else text for text in texts)
        return first, last

    def to_json(self, months: Decimal) -> dict[str, Any]:
        """Return the record for `--json`. Prices are rounded to two decimals."""
        return {
            "line": self.line, "once": rounded(self.once), "monthly": rounded(self.monthly),
            "until_end": rounded(self.until_end(months)), "drivers": self.drivers, "unknown": self.unknown,
        }  # fmt: skip


@dataclass(frozen=True)
class ProjectCost:
    """The cost of one project."""

    currency: Currency
    months: Decimal
    """From today to its end; 0 after it."""
    lines: Sequence[CostLine]

    @property
    def monthly(self) -> Decimal:
        """The sum of a month, without what is charged once."""
        return sum((one.monthly for one in self.lines), NOTHING)

    @property
    def until_end(self) -> Decimal:
        """The sum until the end of the project, with what is charged once."""
        return sum((one.until_end(self.months) for one in self.lines), NOTHING)

    @property
    def is_complete(self) -> bool:
        """True if the price of every item is known."""
        return not any(one.unknown for one in self.lines)


def cost_of(
    own: Iterable[Item], required: Iterable[Required], use: Use, book: PriceBook, *, once: Mapping[Line, int], days: int
) -> ProjectCost:
    """Return the cost of a project.

    `own`: the items of its stack. `once`: what the organisation charges once, by line. `days`: from today to its end.
    """
    lines = {line: CostLine(line) for line in Line}
    for line, amount in once.items():
        lines[line].once += amount
        lines[line].drivers += ["charged once by the organisation"] if amount else []
    for item in own:
        _add(lines[_line_of(item.name) or Line.HOSTING], item, use)
    for stack in required:
        for line, items in _by_line(stack.items).items():
            lines[line].monthly += sum((item.monthly or NOTHING for item in items), NOTHING) / stack.projects
            lines[line].drivers.append(f"1/{stack.projects} of {stack.stack}: {_listed(items)}")
            lines[line].unknown += [item.name for item in items if item.monthly is None]
    for line, gigabytes in use.stored.items():
        name = stored_item(line.removeprefix("storage: "), use.redundancy)
        found = book.price(name, use.region)
        _add(lines[line], Item(name, gigabytes, found.price.monthly * gigabytes if found else None), use)
    return ProjectCost(book.currency, Decimal(max(days, 0)) / DAYS_OF_MONTH, list(lines.values()))


def _line_of(item: str) -> Line | None:
    return next((line for prefix, line in _LINES.items() if re.match(rf"{prefix}\b", item)), None)


def _by_line(items: Iterable[Item]) -> dict[Line, list[Item]]:
    """Return the items of a required stack: those of the ways in, and all others as shared services."""
    found: dict[Line, list[Item]] = {}
    for item in items:
        found.setdefault(Line.ACCESS if _line_of(item.name) is Line.ACCESS else Line.SHARED, []).append(item)
    return found


def _add(line: CostLine, item: Item, use: Use) -> None:
    by_hours = item.name.startswith(vm_item(""))  # also a licence: it is billed while the machine runs
    if item.monthly is None:
        line.unknown.append(item.name)
    else:
        line.monthly += item.monthly * use.hours / HOURS if by_hours else item.monthly
    line.drivers.append(f"{item}, {use.hours.normalize():f} of {HOURS} hours" if by_hours else str(item))


def _listed(items: Sequence[Item]) -> str:
    dearest = sorted(items, key=lambda item: (-(item.monthly or NOTHING), item.name))
    shown = ", ".join(item.name for item in dearest[:2])
    others = len(items) - 2
    return f"{shown} and {others} other item{'s' if others > 1 else ''}" if others > 0 else shown
