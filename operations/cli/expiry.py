"""Stacks whose approval or secrets expire: warnings before the day, and no changes from the day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from formats.errors import Refused
from operations.cli.output import Output, printable
from operations.cli.rows import Rows
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.text import plural

if TYPE_CHECKING:
    from operations.estate import Expiry


@dataclass(frozen=True)
class Changeable:
    """The stacks of a command that it may change, and the reasons why it may not change the others."""

    stacks: Sequence[Stack]
    reasons: Sequence[str] = ()

    def refuse_others(self) -> None:
        """Raise `Refused` if there are stacks that the command did not change."""
        if self.reasons:
            raise Refused("\n".join(self.reasons))


def changeable(session: Session, stacks: Sequence[Stack], *, everything: bool) -> Changeable:
    """Return the stacks that can be changed: none that expired, and none that requires an expired one that is not up.

    `Refused` where an expired stack is named, or no stack is left. Nothing was done then.
    """
    left: list[Stack] = []
    missing: set[str] = set()
    reasons: list[str] = []
    for stack in stacks:  # in dependency order
        required = missing.intersection(stack.requires)
        if not stack.expired and not required:
            left.append(stack)
            continue
        reasons += _reasons(stack, sorted(required))
        if not session.is_deployed(stack):
            missing.add(stack.name)
    found = Changeable(left, reasons)
    if not everything or not left:
        found.refuse_others()
    return found


def warn_of_expiry(output: Output, stacks: Iterable[Stack]) -> None:
    """Print a warning for each date that is past or near, with the stacks that it concerns."""
    concerned: dict[Expiry, list[str]] = {}
    for stack in stacks:
        for expiry in stack.expiries:
            if expiry.is_near:
                concerned.setdefault(expiry, []).append(stack.name)
    for expiry, names in concerned.items():
        when = "is past, so" if expiry.is_past else f"is in {plural(expiry.days_left, 'day')}; from then on"
        who = "preview and up refuse" if expiry.refuses_preview else "up refuses"
        output.warn(
            f"{_where(expiry)} {when} {who} {', '.join(names)}\n  fix:     {expiry.fix}",
            style="bold red" if expiry.is_urgent else "yellow",
            kind="expiry",
            urgent=expiry.is_urgent,
            stacks=names,
            key=expiry.key,
            day=str(expiry.day),
            days_left=expiry.days_left,
        )


def refuse_ended_ways(stacks: Iterable[Stack]) -> None:
    """Raise `Refused` if a stack implements a way out of the estate or into it that is not approved any more."""
    ended: dict[Expiry, list[str]] = {}
    for stack in stacks:
        for expiry in stack.ended_ways:
            ended.setdefault(expiry, []).append(stack.name)
    if ended:
        raise Refused("\n".join(
            f"{', '.join(names)}: a way out or in is not approved any more\n{_details(expiry)}"
            for expiry, names in ended.items()
        ))  # fmt: skip


def show_ends(session: Session, days: int) -> None:
    """Print the ends within some days, and those that are past: a row for each, or with `--json` a record per stack."""
    concerned: dict[Expiry, list[str]] = {}
    for stack in session.catalog.stacks:
        ends = session.catalog.ends_within(stack, days) if session.cloud in (None, stack.cloud) else ()
        for end in ends:
            concerned.setdefault(end, []).append(stack.name)
        if ends:
            session.output.emit({"name": stack.name, "kind": stack.kind, "cloud": stack.cloud,
                                 "expires": str(ends[0].day), "days_left": ends[0].days_left,
                                 "ends": [{"day": str(end.day), "days_left": end.days_left, "file": end.file,
                                           "key": end.key, "fix": end.fix} for end in ends]})  # fmt: skip
    rows = Rows(("day", "ends", "key", "file", "stacks"), ("day", "ends"))
    for end in sorted(concerned, key=lambda one: (one.day, one.file, one.key)):
        left = "ended" if end.is_past else f"in {plural(end.days_left, 'day')}"
        style = "bold red" if end.is_urgent else "yellow" if end.is_near else ""
        rows.add(str(end.day), left, end.key, printable(end.file), ", ".join(concerned[end]), style=style)
    if concerned:
        rows.show(session.output.text_console)
    else:
        session.output.say(f"Nothing ends within {plural(days, 'day')}.", style="green")


def _reasons(stack: Stack, required: Sequence[str]) -> list[str]:
    refused = f"{stack.name} was not changed"
    if stack.expired:
        return [f"{refused}: it has expired\n{_details(expiry)}" for expiry in stack.expired]
    return [f"{refused}: it requires {' and '.join(required)}, not up and not changed either"]


def _details(expiry: Expiry) -> str:
    return (
        f"  file:    {expiry.file}\n  key:     {expiry.key}\n  found:   {expiry.day}\n"
        f"  allowed: a day in the future\n  fix:     {expiry.fix}"
    )


def _where(expiry: Expiry) -> str:
    return f"{expiry.file}, {expiry.key}: {expiry.day}"
