"""Why a change names nobody who allowed it: it needed no permit, or had none."""

from __future__ import annotations

from dataclasses import dataclass

from formats.stack_names import TENANCY
from operations.ledger.entry import PERMIT, UNPERMITTED, Kind
from operations.site.badge import Badge
from operations.site.facts import ChangeFacts, SiteFacts

_NOT_NEEDED = Badge("quiet", "not needed")


@dataclass(frozen=True)
class Allowed:
    """Why nobody is named who allowed a change."""

    badge: Badge
    text: str
    first: ChangeFacts | None = None
    """The first change within a permit, where the estate had no approval process before it."""


def without_permit(facts: SiteFacts, one: ChangeFacts) -> Allowed:
    """Return why nobody is named who allowed a change."""
    entry, permit = one.record.entry, one.permit
    if entry.kind in (Kind.REFUSAL, Kind.FAILED):
        return Allowed(Badge("quiet", "nothing applied"), "Nothing was applied, so no permit was used.")
    if PERMIT in one.unread or (permit and (permit.permit or permit.documents or permit.actions)):
        return _of_permits(one)
    is_break_glass = entry.kind is Kind.BREAK_GLASS
    if is_break_glass and (entry.reason or "").startswith(UNPERMITTED):
        return Allowed(Badge("bad", "MISSING"), "This use needed a permit and had none.")
    if not is_break_glass and not any(stack.startswith(TENANCY) for stack in entry.stacks):
        return Allowed(_NOT_NEEDED, "Shared stacks need no permit: who may change them follows from rights in Azure.")
    if not is_break_glass and (entry.command == "refresh" or _changes_nothing(one)):
        return Allowed(_NOT_NEEDED, "It changes nothing in Azure, so it needs no permit.")
    return _of_tenancy(facts, one)


def _of_permits(one: ChangeFacts) -> Allowed:
    if PERMIT in one.unread:
        return Allowed(Badge("bad", "cannot be read"), "What the ledger keeps of its permits cannot be read.")
    text = "The ledger has the digests of its permits. The estate's folder no longer has these decisions."
    return Allowed(Badge("warn", "decisions are gone"), text)


def _changes_nothing(one: ChangeFacts) -> bool:
    return "diff" not in one.unread and not (one.diff and one.diff.changes)


def _of_tenancy(facts: SiteFacts, one: ChangeFacts) -> Allowed:
    first, entry = facts.history.first_permitted, one.record.entry
    if first is None or entry.time < first.record.entry.time:
        use = "This use" if entry.kind is Kind.BREAK_GLASS else "It"
        return Allowed(_NOT_NEEDED, f"{use} needed no permit: this estate had no approval process then.", first)
    if entry.command == "up":
        return Allowed(Badge("bad", "MISSING"), "It needed a permit, and the ledger records none with it.")
    return Allowed(Badge("warn", "none recorded"), "The ledger records no permit with it.")
