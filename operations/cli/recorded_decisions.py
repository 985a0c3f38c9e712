"""The context that decisions and permits of actions are verified with, from the ledger, by every command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from approvals.canonical import time_text
from approvals.decision import read_bundle
from approvals.rights import MAX_SKEW, Context, History
from formats.errors import Refused, SdeError
from formats.stack_names import TENANCY
from operations.cli.taken_versions import RecordedPermits, before_revocation
from operations.ledger.entry import PERMIT, Kind, Result

if TYPE_CHECKING:
    from operations.cli.session import Session
    from operations.estate import LedgerPlace
    from operations.ledger.ledger import Ledger


def time_after(ledger: Ledger, outcome: str) -> datetime:
    """Return the time, which is not before a ledger's last entry. `outcome`: what a refusal says of this command.

    `Refused` for a clock that is behind the ledger: what has ended would be valid by it.
    """
    now, last = datetime.now(UTC).replace(microsecond=0), ledger.last()
    if last is None:
        return now
    recorded = datetime.fromisoformat(last.time)
    if now < recorded - MAX_SKEW:
        raise Refused(f"{outcome}: the clock of this machine is behind the ledger.\n"
                      f"  found:   {time_text(now)}\n  allowed: from {last.time}, the time of its last entry\n"
                      "  fix:     set the clock")  # fmt: skip
    return max(now, recorded)


def with_record(
    found: Context, now: datetime, recorded: RecordedPermits, project: str, documents: Mapping[str, bytes]
) -> Context:
    """Return the context of the decisions on a project, with those that the ledger has."""
    seen = recorded.first_seen.get(TENANCY + project, {})
    before = before_revocation(read_bundle(documents), found, seen)
    return Context(found.approvers, found.route, now, History(frozenset(seen), before))


def with_used(found: Context, now: datetime, ledger: Ledger) -> Context:
    """Return the context of the permits of actions, with those that the ledger has as used."""
    return Context(found.approvers, found.route, now, History(used=_used_actions(ledger)))


def _used_actions(ledger: Ledger) -> frozenset[str]:
    """Return the digests of the permits of actions that a change used which succeeded, or a use of break-glass."""
    begun, used = dict[int, list[str]](), set[str]()
    for number, entry in ledger.changes():
        if entry.kind is Kind.INTENT and PERMIT in entry.objects:
            begun[number] = ledger.kept(entry.objects[PERMIT]).get("actions", [])
        elif entry.result is Result.SUCCEEDED and entry.of in begun:
            used.update(begun[entry.of])
    for entry in ledger.entries_with(PERMIT, Kind.BREAK_GLASS):
        used.update(ledger.kept(entry.objects[PERMIT])["actions"])
    return frozenset(used)


def reachable_ledger(session: Session, cloud: str, place: LedgerPlace | None) -> Ledger | None:
    """Return the ledger of a cloud for signing and status; None if there is none yet, or this machine cannot reach it.

    `up` needs the ledger. A person who signs may have no right to read it, or no network.
    """
    if cloud == "azure" and place is None:
        return None
    if cloud != "azure" and not session.settings.ledger_folder.exists():
        return None  # opening it makes a key
    ledger = session.open_ledger(cloud, session.settings, place)
    try:
        ledger.log.storage.newest()
    except SdeError as error:
        session.output.say(f"The ledger was not read, with which `up` compares decisions: {str(error).splitlines()[0]}",
                           style="yellow")  # fmt: skip
        return None
    return ledger
