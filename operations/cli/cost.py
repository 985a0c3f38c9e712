"""`sde cost`: what a project costs a month and until its end, by the lines on which an SDE charges it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from formats.errors import InputError
from formats.stack_config import TenancyConfig
from formats.stack_names import TENANCY
from operations.cli.options import command
from operations.cli.output import Output, printable
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack, dependents, with_required
from operations.cli.text import plural
from operations.prices.book import HOURS
from operations.result_cache import FileCache, digest_of_files

if TYPE_CHECKING:
    from operations.estate import Estate
    from operations.prices.book import PriceBook
    from operations.prices.cost import Item, Line, ProjectCost

NO_TIERS: Mapping[Line, Decimal] = {}
SOURCES = ("operations/cli/cost.py", "local_azure/**/*.py")
"""The files that the items depend on, besides the estate's and those of the examples' prices."""
Project = Annotated[str, typer.Argument(metavar="PROJECT", help="The project, or its stack.", show_default=False)]
Hours = Annotated[
    float,
    typer.Option("--hours", min=0, max=HOURS, help="The hours a month in which each desk runs."),
]
Stored = Annotated[
    list[str] | None,
    typer.Option("--stored", metavar="TIER=GB", help="The data stored in a tier: hot, cool or archive. Repeatable.",
                 show_default="that of the request's data sets"),
]  # fmt: skip


@command("json_", "estate")
def cost(session: Session, *, project: Project, hours: Hours = HOURS, stored: Stored = None) -> None:
    """Show what a project costs a month and until its end, at list prices. Deploys nothing.

    It counts what the program declares for the request as it is in the estate, and the project's share of the hub,
    the zones and its shared tenancy.

    Example: sde cost hcm-progression --hours 160 --stored hot=500.
    """
    tiers = _tiers(stored or ())
    stack = session.named(project if project.startswith(TENANCY) else f"{TENANCY}{project}")
    found = cost_of_stack(session, stack, hours, tiers)
    config = stack.config
    assert isinstance(config, TenancyConfig)  # noqa: S101 - tenancies alone have such names
    session.output.emit({
        "event": "cost", "stack": stack.name, "currency": found.currency, "months": round(float(found.months), 2),
        "monthly": round(float(found.monthly), 2), "until_end": round(float(found.until_end), 2),
        "complete": found.is_complete, "lines": [line.to_json(found.months) for line in found.lines],
    })  # fmt: skip
    _show(found, stack, config, session.output)


def cost_of_stack(
    session: Session, stack: Stack, hours: float = HOURS, tiers: Mapping[Line, Decimal] = NO_TIERS
) -> ProjectCost:
    """Return what a tenancy costs, with its share of what it requires, from what its program declares."""
    from operations import estate  # noqa: PLC0415 - imports the models of the estate
    from operations.prices import book  # noqa: PLC0415
    from operations.prices.cost import Required, Use, cost_of  # noqa: PLC0415

    config, price_book = stack.config, book.load()
    assert isinstance(config, TenancyConfig)  # noqa: S101 - callers have a tenancy
    loaded = estate.load(session.estate_folder)
    once = _once(loaded, price_book.currency)
    chain = with_required(session.catalog.stacks, [stack])
    items = _items(session, chain, price_book)
    required = [Required(one.name, items[one.name], _projects(session.catalog.stacks, one)) for one in chain[:-1]]
    stored = {**_stated_tiers(loaded, config.project), **tiers}
    use = Use(Decimal(str(hours)), stored, config.region, config.redundancy.value)
    days = (config.expires - loaded.today).days
    return cost_of(items[stack.name], required, use, price_book, once=once, days=days)


def _tiers(stated: Sequence[str]) -> dict[Line, Decimal]:
    """Return the GB of each tier. `InputError` for what is no `TIER=GB`, or a tier stated twice."""
    from operations.estate.request_people import MAX_GB  # noqa: PLC0415 - imports the models of the estate
    from operations.prices.cost import TIERS, tier_line  # noqa: PLC0415

    found: dict[Line, Decimal] = {}
    for one in stated:
        tier, _, text = one.partition("=")
        try:
            line, gigabytes = tier_line(tier), Decimal(text)
        except (ValueError, InvalidOperation):
            line, gigabytes = None, Decimal(-1)
        if line is None or line in found or not (gigabytes.is_finite() and 0 <= gigabytes <= MAX_GB):
            names = ", ".join(each.removeprefix("storage: ") for each in TIERS)
            raise InputError("The stored data cannot be read.", key="--stored", found=one,
                             allowed=f"one of {names}, each once, = and 0 to {MAX_GB:,} GB",
                             fix="for example --stored hot=500 --stored archive=20000")  # fmt: skip
        found[line] = gigabytes
    return found


def _stated_tiers(loaded: Estate, project: str) -> dict[Line, Decimal]:
    """Return the GB of each tier that the data sets of a request state; nothing for a project without a request."""
    from operations.estate.request_people import stored_by_tier  # noqa: PLC0415 - beside the estate
    from operations.prices.cost import tier_line  # noqa: PLC0415

    request = loaded.requests.get(project)
    return {tier_line(tier): Decimal(gb) for tier, gb in stored_by_tier(request.data_sets).items()} if request else {}


def _once(loaded: Estate, currency: str) -> Mapping[Line, int]:
    """Return what the organisation charges once. `InputError` for another currency than the price book's."""
    from operations.prices.cost import Line  # noqa: PLC0415

    charges = loaded.file.charges
    if charges is None:
        return {}
    if charges.currency != currency:
        raise InputError("Two currencies have no sum.", file=str(loaded.folder / "estate.yaml"), key="charges.currency",
                         found=charges.currency, allowed=f"{currency}, the currency of the price book",
                         fix=f"scripts/sde prices refresh --currency {charges.currency}")  # fmt: skip
    return {Line.SETUP: charges.setup, Line.DATA: charges.data}


def _items(session: Session, stacks: Sequence[Stack], price_book: PriceBook) -> Mapping[str, Sequence[Item]]:
    """Return the items of what each stack declares to a local Azure that is thrown away. They are kept."""
    from operations.cli import example_prices  # noqa: PLC0415 - imports the engine
    from operations.engine.scratch import declared  # noqa: PLC0415
    from operations.prices.cost import Item, items_of  # noqa: PLC0415
    from operations.prices.estimate import price_of  # noqa: PLC0415

    files = [file for file in sorted(session.estate_folder.rglob("*.yaml")) if file.is_file()]
    store = FileCache(session.settings.cache_folder)
    key = f"cost-{digest_of_files((*example_prices.SOURCES, *SOURCES), files)}-{stacks[-1].name}"
    kept = store.get(key)
    if isinstance(kept, dict):
        return {
            name: [Item(one[0], Decimal(one[1]), one[2] and Decimal(one[2])) for one in each]
            for name, each in kept.items()
        }
    settings = session.settings
    with session.output.err.status(f"Planning {plural(len(stacks), 'stack')}"):
        plans = declared([one.settings for one in stacks], settings.root, settings.program_seconds)
        found = {plan.stack: items_of(price_of(plan, price_book)) for plan in plans}
    text = {
        name: [[one.name, str(one.number), one.monthly if one.monthly is None else str(one.monthly)] for one in each]
        for name, each in found.items()
    }
    store.put(key, text)
    return found


def _projects(stacks: Sequence[Stack], required: Stack) -> int:
    """Return the number of projects whose tenancies use a stack."""
    return sum(isinstance(stack.config, TenancyConfig) for stack in dependents(stacks, [required.name]))


def _show(found: ProjectCost, stack: Stack, config: TenancyConfig, output: Output) -> None:
    least = "" if found.is_complete else "at least "
    output.say(Text.assemble(
        (printable(stack.name), "bold"), f": {least}{found.currency} {found.monthly:,.2f} a month, "
        f"{least}{found.until_end:,.2f} until {config.expires} ({found.months:.1f} months)",
    ))  # fmt: skip
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("line", no_wrap=True)
    table.add_column("a month", justify="right", no_wrap=True)
    table.add_column("until the end", justify="right", no_wrap=True)
    table.add_column("what it follows from", overflow="fold")
    for line in found.lines:
        if not line.drivers:
            continue
        drivers = "; ".join(line.drivers)
        table.add_row(line.line, *line.amounts(found.months), printable(drivers))
    output.say(table)
    empty = [line.line for line in found.lines if not line.drivers]
    if empty:
        output.say(f"nothing on: {', '.join(empty)}", style="dim")
    output.say("List prices without tax, network traffic, logs, operations and analysts' time.", style="dim")
