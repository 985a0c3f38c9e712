"""The access view of `sde access`: read the states, analyse access, and write the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from formats.errors import InputError, Refused
from operations.access.formats import as_csv, as_markdown, cells, remarks
from operations.access.model import AccessModel
from operations.access.people import People
from operations.access.records import Records, config_of
from operations.access.view import AccessView, Origin, Origins, access_view, holders_named
from operations.cli.estate_state import deployed_states
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.targets import write_text
from operations.cli.text import plural
from policies.model import PolicyContext
from policies.plan_resources import resources_of

if TYPE_CHECKING:
    from formats.plan import Plan
    from formats.stack_config import StackConfig

TITLE = "Who can read what"
_COLUMNS = ("who", "may", "on", "class", "network way", "by role", "limits and notes", "since")
_UNRECORDED = "Since when a right exists, and by which change, is known only where a run on this machine recorded it."
_RECORDED = (
    "The state at the end of {day} (UTC), as the runs on this machine recorded it. What nobody recorded, such as a "
    "change outside these runs, is not in it."
)


@dataclass(frozen=True)
class Wanted:
    """What a reader asks for."""

    day: date | None
    """At the end of which day (UTC); None: now."""
    person: str | None
    """A part of a name, or an object id; None: everybody."""
    stacks: tuple[str, ...]
    """The names of stacks; empty: all."""


def show(session: Session, wanted: Wanted, form: str, target: str | None) -> None:
    """Write the rows to stdout or a file. `Refused` if a revocation failed; `InputError` for an unknown person."""
    records, day = Records.of(session.settings), wanted.day
    stacks = _stacks(session, wanted.stacks, records if day else None)
    plans, configs, notes = _recorded(session, records, day) if day else _deployed(session)
    with session.output.err.status("Analysing access"):
        resources = [resource for plan in plans for resource in resources_of(plan)]
        model = AccessModel(PolicyContext(resources, is_complete=True, configs=configs), People(configs))
    if wanted.person is not None and not holders_named(model, wanted.person):
        raise InputError("Nobody of this name has a right.", key="--person", found=wanted.person,
                         allowed="a part of a name, or an object id, as sde access shows them")  # fmt: skip
    view = access_view(model, person=wanted.person, stacks=stacks, origins=_origins(records, model, day))
    if any(not row.origins for row in view.rows if row.grounds.assignments):
        notes = [*notes, _UNRECORDED]
    _write(session, view, form, target, notes)
    failed = view.failed_revocations
    if failed:
        names = ", ".join(printable(one.name) for one in failed)
        raise Refused(
            f"{plural(len(failed), 'revocation')} failed, so the rights are still in force: {names}.\n"
            f"  fix:     scripts/sde up {failed[0].stack}"
        )


def _stacks(session: Session, names: Sequence[str], records: Records | None) -> set[str] | None:
    """Return the stacks that are asked for, of the estate or of the records; None for all."""
    if not names:
        return None
    if records and set(names) <= set(records.stacks()):
        return set(names)
    return {one.name for one in session.chosen(names, False)}


def _deployed(session: Session) -> tuple[Sequence[Plan], Mapping[str, StackConfig], Sequence[str]]:
    """Return the deployed stacks of the estate and the orphaned ones."""
    stacks = [s for s in session.known if session.cloud in (None, s.cloud)]
    found = deployed_states(session, stacks)
    notes = [f"{s.name} is deployed and the estate no longer has its request: names of its groups are not known."
             for s in stacks if s.is_orphaned]  # fmt: skip
    missing = [s.name for s in stacks if s.name not in found]
    notes += [f"Not deployed: {', '.join(missing)}."] if missing else []
    return list(found.values()), session.configs([s.name for s in stacks]), notes


def _recorded(
    session: Session, records: Records, day: date
) -> tuple[Sequence[Plan], Mapping[str, StackConfig], Sequence[str]]:
    """Return the stacks as they were at the end of a day, with the configurations of that time."""
    if records.folder is None:
        raise InputError("No run is recorded on this machine: the states are kept elsewhere.", key="--as-of",
                         found=session.settings.backend_url)  # fmt: skip
    plans: list[Plan] = []
    configs = dict(session.configs([s.name for s in session.catalog.stacks]))
    notes = [_RECORDED.format(day=day)]
    for name in dict.fromkeys([*(s.name for s in session.known), *records.stacks()]):
        run = records.last_run(name, day)
        if run is None:
            first = next(iter(records.runs(name)), None)
            begins = f"; the first record is of {first.ended:%Y-%m-%d}" if first else ""
            notes.append(f"{name}: nothing is recorded on {day} or before{begins}.")
            continue
        plan, config = records.as_of(name, day), config_of(run)
        plans += [plan] if plan else []
        configs |= {name: config} if config else {}
        notes.append(f"{name}: after {run.name}, {run.ended:%Y-%m-%d %H:%M} UTC.")
    return plans, configs, notes


def _origins(records: Records, model: AccessModel, day: date | None) -> Origins:
    by_stack: dict[str, set[str]] = {}
    for one in model.assignments:
        by_stack.setdefault(one.stack, set()).add(one.id)
    found: dict[str, Origin] = {}
    for stack, ids in by_stack.items():
        found |= records.origins(stack, ids - {""}, day)
    return found


def _write(session: Session, view: AccessView, form: str, target: str | None, notes: Sequence[str]) -> None:
    output = session.output
    for row in view.rows:
        output.emit({"event": "access", **row.to_json()})
    output.emit({"event": "access-notes", "notes": [*notes, *remarks(view)], "rows": len(view.rows)})
    if form != "table":
        text = as_csv(view, notes) if form == "csv" else as_markdown(view, TITLE, notes)
        if target:
            write_text(session, target, "access", text)
            output.say(f"wrote {target}")
        elif not output.json:
            output.line(text.rstrip("\n"))
        return
    if not output.json:
        output.text_console.print(_table(view))
    for note in (*notes, *remarks(view)):
        output.say(f"  {printable(note)}", style="dim")


def _table(view: AccessView) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    shown = ""
    for row in view.rows:
        who, _, may, on, _, class_, _, way, role, limits, since, change = cells(row)
        style = "bold red" if row.grounds.is_pending else "" if row.is_usable else "dim"
        made = since if since == change else f"{since[:16].replace('T', ' ')} {change}"
        values = ("" if who == shown else who, may, on, class_, way, role, limits, made)
        table.add_row(*(Text(value, style) for value in values))
        shown = who
    return table
