"""The idle price of one stack or of several, as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rich.text import Text

from operations.cli.output import Output, printable
from operations.cli.text import kind_of, plural
from operations.prices.estimate import Change, StackPrice

_VM = "VM Standard_"
"""The beginning of an item that is a virtual machine by its size."""
_LISTED = 3
"""The stacks of equal price that are named. The rest are counted."""


def show(price: StackPrice, output: Output, *, label: str = "idle price") -> None:
    """Print the price a month, that of each kind of part, and the items whose price is unknown."""
    if not price.items and not price.unknown:
        return
    output.say(Text.assemble(f"  {label}: ", (amount(price), "bold"), " a month", (_difference(price), "yellow")))
    if parts := _parts(price):
        output.say(f"    {', '.join(parts)}", style="dim")
    _show_ways(price, output)
    if price.unknown:
        output.say(f"    price unknown: {', '.join(_unknown(price))}", style="yellow")
        if sizes := [printable(item.removeprefix("VM ")) for item in sorted(price.unknown) if item.startswith(_VM)]:
            question = "is there such a size? scripts/sde azure check asks Azure"
            output.say(f"    ! no price list has {', '.join(sizes)}: {question}", style="yellow")
    if price.elsewhere:
        several = f"{len(price.elsewhere):,} of {plural(len(price.items), 'price')}"
        output.say(f"    of another region: {several} (scripts/sde prices refresh)", style="dim")


def _show_ways(price: StackPrice, output: Output) -> None:
    """Print the share of each way in, and the prices of its use, which are no part of the idle price."""
    if price.ways:
        output.say("    of it the ways in:")
    for name, change in price.ways.items():
        output.say(Text.assemble(f"      {printable(name)}: ", (_of_way(price, name, change), "bold"), " a month"))
    if price.uses_of_ways:
        uses = [f"{printable(one.item)} {one.price:f} per {one.unit}" for one in price.uses_of_ways.values()]
        output.say(f"      and their use: {'; '.join(uses)}", style="dim")


def _of_way(price: StackPrice, name: str, change: Change) -> str:
    least = "at least " if name in price.unknown_ways else ""
    return f"{least}{price.currency} {_sides(change)}"


def show_several(prices: Sequence[StackPrice], total: StackPrice, output: Output) -> None:
    """Print the sum of several stacks, then each stack. Stacks with equal prices share a line."""
    if not total.items and not total.unknown:
        return
    output.say("\nIdle price", style="bold")
    show(total, output, label="all stacks")
    if ways := [(price, name) for price in prices for name in price.ways]:
        change = sum((price.ways[name] for price, name in ways), Change())
        least = "at least " if any(name in price.unknown_ways for price, name in ways) else ""
        output.say(f"    of it the ways in: {least}{total.currency} {_sides(change)}")
    equal: dict[tuple[str, str], list[str]] = defaultdict(list)
    for price in prices:
        equal[amount(price), _difference(price)].append(printable(price.stack))
    for (text, difference), stacks in equal.items():
        others = f" and {plural(len(stacks) - _LISTED, 'other stack')}" if len(stacks) > _LISTED else ""
        each = "each of " if len(stacks) > 1 else ""
        names = f"{each}{', '.join(stacks[:_LISTED])}{others}"
        output.say(Text.assemble(f"    {names}: {text}", (difference, "yellow")))


def amount(price: StackPrice) -> str:
    """Return the price as text: `USD 10.00 → 12.50`, or one number if it is new or stays the same.

    It starts with `at least` if an item's price is unknown.
    """
    least = "at least " if any(change.after for change in price.unknown.values()) else ""
    return f"{least}{price.currency} {_sides(price.total)}"


def _sides(change: Change) -> str:
    before = f"{change.before:,.2f} → " if change.differs and change.before else ""
    return f"{before}{change.after:,.2f}"


def _difference(price: StackPrice) -> str:
    if not price.existed or price.difference == 0:
        return ""
    return " (difference unknown)" if price.difference is None else f" ({price.difference:+,.2f})"


def _parts(price: StackPrice) -> list[str]:
    """Return each kind of part with its price, such as `5 key vaults 60.10`, the dearest first."""
    sums: dict[str, Change] = defaultdict(Change)
    counts: dict[str, int] = defaultdict(int)
    unknown = {kind_of(type_) for type_, _ in price.unknown_parts}
    for (type_, _), change in price.parts.items():
        sums[kind_of(type_)] += change
        counts[kind_of(type_)] += 1
    dearest = sorted(sums.items(), key=lambda entry: (-max(entry[1].before, entry[1].after), entry[0]))
    names = {kind: plural(count, kind) if count > 1 else kind for kind, count in counts.items()}
    return [f"{names[kind]} {_part(change, kind in unknown)}" for kind, change in dearest]


def _part(change: Change, unknown: bool) -> str:
    if not unknown:
        return _sides(change)
    before, after = (f"at least {side:,.2f}" if side else "of unknown price" for side in (change.before, change.after))
    return f"{before} → {after}" if change.differs and change.before else after


def _unknown(price: StackPrice) -> list[str]:
    """Return each item with its number, and with the old one if it changes in a stack that exists."""
    return [
        f"{int(change.before):,} → {int(change.after):,} {printable(item)}" if change.differs and price.existed
        else f"{int(change.after):,} {printable(item)}"
        for item, change in sorted(price.unknown.items())
    ]  # fmt: skip
