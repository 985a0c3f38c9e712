"""`sde prices refresh`: write the price book anew from Azure's public price list."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from formats.errors import Failed
from formats.stack_config import PlatformConfig, TenancyConfig, parse
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.text import plural


class CurrencyChoice(StrEnum):
    """The currency of the price book."""

    GBP = "GBP"
    USD = "USD"


@command("json_", "estate")
def refresh(
    session: Session,
    *,
    currency: Annotated[CurrencyChoice, typer.Option("--currency", help="The currency.")] = CurrencyChoice.GBP,
) -> None:
    """Write the price book from Azure's public price list, for the estate's regions and sizes. Needs a network.

    Example: sde prices refresh.
    """
    from operations.estate.templates import names, service_template  # noqa: PLC0415 - what --help does not need
    from operations.prices import book, meters, retail  # noqa: PLC0415

    today = datetime.now(UTC).date()
    configs = [parse(s.name, s.settings.config) for s in session.catalog.stacks]
    sizes = {desk.size for config in configs if isinstance(config, TenancyConfig) for desk in config.desks}
    examples = (service_template(name).example_request(today)["desks"] for name in names())
    sizes |= {desk["size"] for desks in examples for desk in desks}  # which sde catalogue prices
    sizes |= {machine.size for config in configs if isinstance(config, PlatformConfig) for machine in config.staff}
    regions = sorted({config.region for config in configs})
    old = book.load()
    found = retail.look_up(meters.meters(sorted(sizes)), regions, currency.value, today, retail.fetch)
    if not found.found:
        raise Failed(
            "Azure's price list has none of these prices.\n"
            "  fix:     check the estate's regions; the price book is unchanged"
        )
    new = book.merged(old, currency.value, found.found)
    book.save(new)
    left_out = len(old.every_price) if old.currency != currency.value else 0
    session.output.emit({
        "event": "prices-refreshed", "currency": currency.value, "regions": regions, "found": len(found.found),
        "left_out": left_out,
        "missing": [{"item": item, "region": region, "reason": why} for item, region, why in found.missing],
    })  # fmt: skip
    session.output.say(f"{plural(len(found.found), 'price')} in {currency.value} for {', '.join(regions)}.")
    if left_out:
        session.output.say(f"{plural(left_out, 'price')} in {old.currency} left out.")
    for item, region, why in found.missing:
        session.output.say(f"  no price: {printable(item)} in {region}: {printable(why)}", style="yellow")
