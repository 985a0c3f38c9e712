"""The access view of `sde access`: read the states, analyse access, and write the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from formats.errors import InputError, Refused, SdeError
from operations.access.formats import as_csv, as_markdown, cells, remarks
from operations.access.model import AccessModel
from operations.access.people import People
from operations.access.records import Change, Composed, Present, Records
from operations.access.view import AccessView, Origin, Origins, access_view, holders_named
from operations.cli.estate_state import deployed_states
from operations.cli.failed_revocations import with_failed_revocations
from operations.cli.output import printable
from operations.cli.rows import Rows
from operations.cli.session import ReadRecord, Session
from operations.cli.targets import write_text
from operations.cli.text import plural
from policies.model import PolicyContext
from policies.plan_resources import resources_of

if TYPE_CHECKING:
    from formats.plan import Plan
    from formats.stack_config import StackConfig

TITLE = "Who can read what"
_COLUMNS = ("who", "may", "on", "class", "network way", "by role", "limits and notes", "since")
_UNRECORDED = "Since when a right exists, and by which change, is known only where the ledger has that change."
_RECORDED = (
    "The state at the end of {day} (UTC), as the ledger has it. A change outside the runs that it records is not in it."
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
    day = wanted.day
    stacks = _stacks(session, wanted.stacks, with_gone=day is not None)
    plans, configs, notes = _recorded(session, day) if day else _deployed(session)
    with session.output.err.status("Analysing access"):
        resources = [resource for plan in plans for resource in resources_of(plan)]
        model = AccessModel(PolicyContext(resources, is_complete=True, configs=configs), People(configs))
    if wanted.person is not None and not holders_named(model, wanted.person):
        raise InputError("Nobody of this name has a right.", key="--person", found=wanted.person,
                         allowed="a part of a name, or an object id, as sde access shows them")  # fmt: skip
    origins, unread = origins_of(session, model, day)
    view = access_view(model, person=wanted.person, stacks=stacks, origins=origins)
    if any(not row.origins for row in view.rows if row.grounds.assignments):
        unread = [*unread, _UNRECORDED]
    _write(session, view, form, target, [*notes, *unread])
    failed = view.failed_revocations
    if failed:
        names = ", ".join(printable(one.name) for one in failed)
        raise Refused(
            f"{plural(len(failed), 'revocation')} failed, so the rights are still in force: {names}.\n"
            f"  fix:     scripts/sde up {failed[0].stack}"
        )


def _stacks(session: Session, names: Sequence[str], *, with_gone: bool) -> set[str] | None:
    """Return the stacks that are asked for, of the estate, or also of the ledger; None for all."""
    if not names:
        return None
    if with_gone and set(names) <= {name for cloud in clouds_of(session) for name in session.records(cloud).stacks}:
        return set(names)
    return {one.name for one in session.chosen(names, False)}


def clouds_of(session: Session) -> list[str]:
    """Return the clouds of the estate's stacks, or that of the command; where there is no stack, that of its ledger."""
    found = dict.fromkeys(stack.cloud for stack in session.known if session.cloud in (None, stack.cloud))
    return list(found) or [session.ledger_cloud]


def _deployed(session: Session) -> tuple[Sequence[Plan], Mapping[str, StackConfig], Sequence[str]]:
    """Return the deployed stacks of the estate and the orphaned ones."""
    stacks = [s for s in session.known if session.cloud in (None, s.cloud)]
    found = deployed_states(session, stacks)
    notes = [f"{s.name} is deployed and the estate no longer has its request: names of its groups are not known."
             for s in stacks if s.is_orphaned]  # fmt: skip
    missing = [s.name for s in stacks if s.name not in found]
    notes += [f"Not deployed: {', '.join(missing)}."] if missing else []
    return (
        with_failed_revocations(session, list(found.values()), are_states=True),
        session.configs([s.name for s in stacks]),
        notes,
    )


def _recorded(session: Session, day: date) -> tuple[Sequence[Plan], Mapping[str, StackConfig], Sequence[str]]:
    """Return the stacks as they were at the end of a day, with the configurations of that time."""
    plans: list[Plan] = []
    configs = dict(session.configs([s.name for s in session.catalog.stacks]))
    notes = [_RECORDED.format(day=day)]
    for cloud in clouds_of(session):
        records = session.records(cloud)
        for name in dict.fromkeys([*(s.name for s in session.known if s.cloud == cloud), *records.stacks]):
            done = records.until(name, day)
            if not done:
                notes.append(_nothing(name, day, records))
                continue
            found, config = (
                records.state_after(done[-1], _present(session, name, session.state_record)),
                records.config(done),
            )
            plans += [found.plan] if found.plan else []
            configs |= {name: config} if config else {}
            notes.append(_source(name, done[-1], found))
            if config is None and found.plan:
                notes.append(f"{name}: its groups have the names of today; the ledger has none of then.")
    return plans, configs, notes


def _nothing(name: str, day: date, records: Records) -> str:
    first = next(iter(records.until(name, None)), None)
    if first is None or first.ended is None:
        return f"{name}: nothing is recorded on {day} or before."
    before = "; it was deployed before that, which is not recorded" if first.entry.state_before else ""
    return f"{name}: nothing is recorded on {day} or before; the first record is of {first.ended.time[:10]}{before}."


def _source(name: str, change: Change, found: Composed) -> str:
    ended = change.ended.time[:16].replace("T", " ") if change.ended else ""
    gone = ": nothing was deployed" if found.plan is None and not found.doubt else ""
    doubt = f". Not certain: {found.doubt}" if found.doubt else ""
    return f"{name}: after {change.name}, {ended} UTC{gone}{doubt}."


def _present(session: Session, name: str, read: ReadRecord) -> Present:
    """Return a stack as it is deployed now, which is read only where its state is that of an entry."""
    stack = next((one for one in session.known if one.name == name), None)
    record = read(stack.cloud, name) if stack else None
    if stack is None or record is None:
        return Present()
    return Present(record.digest, lambda: deployed_states(session, [stack]).get(name))


def origins_of(
    session: Session, model: AccessModel, day: date | None = None, read: ReadRecord | None = None
) -> tuple[Origins, Sequence[str]]:
    """Return the change that made each right, and a note where a ledger cannot be read."""
    found: dict[tuple[str, bool], Origin] = {}
    notes: list[str] = []
    for cloud in clouds_of(session):
        try:
            records = session.records(cloud)
            for stack in records.stacks:
                wanted = {(a.urn, a.is_pending_delete) for a in model.assignments if a.stack == stack}
                found |= (
                    records.origins(stack, wanted, day, _present(session, stack, read or session.state_record))
                    if wanted
                    else {}
                )
        except SdeError as error:
            notes.append(f"The ledger of runs in {cloud} cannot be read: {str(error).splitlines()[0]}")
    return found, notes


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
        _rows(view).show(output.text_console)
    for note in (*notes, *remarks(view)):
        output.say(f"  {printable(note)}", style="dim")


def _rows(view: AccessView) -> Rows:
    rows = Rows(_COLUMNS, head=("may", "on"), heading="who")
    for row in view.rows:
        who, _, may, on, _, class_, _, way, role, limits, since, change = cells(row)
        style = "bold red" if row.grounds.is_pending else "" if row.is_usable else "dim"
        made = since if since == change else f"{since[:16].replace('T', ' ')} {change}"
        rows.add(who, may, on, class_, way, role, limits, made, style=style)
    return rows
