"""Everything in the estate that ends on a day: what happens then, and what to do before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePath

from formats.people import FILE_NAME as PEOPLE
from operations.estate.approvals import IN, ApprovedWay
from operations.estate.expiry import (
    APPROVAL,
    EARLY_WARNING,
    LATE_WARNING,
    REQUEST,
    ROOTS,
    SECRETS,
    SHARED_TENANCY,
    Expiry,
)
from operations.site.badge import Badge
from operations.site.facts import ActionPermitFact, PersonEnd, SiteFacts, StackFacts
from operations.site.pages import Page, Target
from policies.exemptions import Exemption

_PERSON = re.compile(r"people\[\d+\]\.")
"""The keys of ends of people, which have rows of their own."""
_KEYS: Mapping[str, tuple[str, str]] = {
    REQUEST: ("request", "The approved request of a project"),
    APPROVAL: ("approval", "The approval of the SDE"),
    SECRETS: ("secrets", "Secrets of the safe haven"),
    ROOTS: ("certificate", "A root certificate of the firewall's inspection"),
    SHARED_TENANCY: ("request", "The approval of a shared tenancy"),
}
"""The kind of an end, and what it is of, by its key in the estate's files."""


@dataclass(frozen=True)
class EndRow:
    """Something that ends."""

    day: date
    """The first day without it, in UTC."""
    days_left: int
    kind: str
    what: str
    whose: str
    """The people who answer for it; empty if no file names them."""
    stacks: tuple[str, ...]
    then: str
    """What happens on that day."""
    do: str
    """What to do before."""

    @property
    def when(self) -> Badge:
        """How near it is."""
        if self.days_left <= 0:
            return Badge("bad", "ended")
        text = "in 1 day" if self.days_left == 1 else f"in {self.days_left:,} days"
        if self.days_left <= LATE_WARNING:
            return Badge("bad", text)
        return Badge("warn" if self.days_left <= EARLY_WARNING else "quiet", text)


@dataclass(frozen=True)
class ExemptionRow:
    """An exemption, and whether the deployed estate needs it."""

    exemption: Exemption
    is_used: bool | None
    """None where the policies judged nothing."""


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the page of the ends."""
    rows = ends_of(facts)
    used = {one.id for one in facts.policies.exemptions} if facts.policies else None
    exemptions = [ExemptionRow(one, one.id in used if used is not None else None) for one in facts.exemptions]
    values = {
        "rows": rows,
        "next": next((row for row in rows if row.days_left > 0), None),
        "ended": [row for row in rows if row.days_left <= 0],
        "near": [row for row in rows if 0 < row.days_left <= EARLY_WARNING],
        "exemptions": exemptions,
        "permits": [stack for stack in facts.stacks if stack.permit],
        "actions": sorted(facts.action_permits, key=lambda one: (one.is_used, one.expires)),
        "early": EARLY_WARNING,
    }
    targets = [Target(f"Exemption {one.id} from {one.policy}", f"x-{one.id}") for one in facts.exemptions]
    yield Page("ends.html", "ends.html.j2", "What ends, and when", "ends", values, targets)


def ends_of(facts: SiteFacts) -> Sequence[EndRow]:
    """Return everything that ends, the first to end first."""
    rows = [
        *(_exemption(facts, one) for one in facts.exemptions),
        *_expiries(facts),
        *(_person(facts, one) for one in facts.people),
        *(_permit(facts, one, one.permit.expires) for one in facts.stacks if one.permit and one.permit.expires),
        *(_action(facts, one) for one in facts.action_permits if not one.is_used),
    ]
    return sorted(rows, key=lambda row: (row.day, row.kind, row.what, row.stacks))


def _exemption(facts: SiteFacts, one: Exemption) -> EndRow:
    day = one.expires + timedelta(days=1)  # it is valid on its last day
    return EndRow(
        day,
        (day - facts.today).days,
        "exemption",
        f"Exemption {one.id} from {one.policy}",
        f"{one.owner.name}; approved by {one.approvers}",
        (),
        f"The finding of {one.policy} blocks deployments.",
        "Remove the cause of the finding; or have its people grant the exemption again, with new dates.",
    )


def _expiries(facts: SiteFacts) -> Iterator[EndRow]:
    """Yield the dates in the estate's files, each once with all stacks that it concerns."""
    concerned: dict[Expiry, list[str]] = {}
    ways: dict[tuple[str, str], ApprovedWay] = {}
    for stack in facts.stacks:
        for expiry in stack.expiries:
            concerned.setdefault(expiry, []).append(stack.name)
        ways |= {(one.way.file, f"{one.way.key}.expires"): one for one in stack.ways}
    named = {(PurePath(one.file).name, one.day) for one in facts.people}
    for expiry, stacks in concerned.items():
        file = PurePath(expiry.file)
        if _PERSON.match(expiry.key) and (file.name, expiry.day) in named:
            continue
        way = next((one for (name, key), one in ways.items() if key == expiry.key and file.match(name)), None)
        kind, what = _words(expiry, way)
        yield EndRow(
            expiry.day,
            expiry.days_left,
            kind,
            what,
            f"{way.approval.owner.name}; approved by {way.approval.approver.name}" if way else "",
            tuple(stacks),
            "preview, policy check and up refuse its stacks." if expiry.refuses_preview else "up refuses its stacks.",
            expiry.fix,
        )


def _words(expiry: Expiry, way: ApprovedWay | None) -> tuple[str, str]:
    """Return the kind of an end, and what it is of."""
    if way:
        kind = "way in" if way.way.direction == IN else "way out"
        return kind, f"The approval of a {kind}: {way.way.name}"
    if _PERSON.match(expiry.key):
        return "person", f"An entry in {PEOPLE}" if PurePath(expiry.file).name == PEOPLE else "A person of the project"
    kind, what = _KEYS.get(expiry.key, _KEYS.get(re.sub(r"\[\d+\]", "", expiry.key), ("date", expiry.key)))
    return kind, what


def _person(facts: SiteFacts, one: PersonEnd) -> EndRow:
    of_project = bool(one.stack)
    return EndRow(
        one.day,
        (one.day - facts.today).days,
        "person",
        f"{one.person}: {one.what}",
        "",
        (one.stack,) if of_project else (),
        "The person may not work on the project any more." if of_project
        else "The person owns, approves and signs nothing by it any more; what names the person there is refused.",
        f"Set a later day in {one.file} after the renewal; or remove the person, also from the project's Entra groups."
        if of_project else f"Renew it in {one.file}, or name another person in what the person answers for.",
    )  # fmt: skip


def _permit(facts: SiteFacts, stack: StackFacts, day: date) -> EndRow:
    project = stack.name.partition("-")[2]
    return EndRow(
        day,
        (day - facts.today).days,
        "permit",
        "The permit of a tenancy",
        ", ".join(dict.fromkeys(one.person for one in stack.permit.approvals)) if stack.permit else "",
        (stack.name,),
        "up refuses the tenancy.",
        f"scripts/sde request status {project}",
    )


def _action(facts: SiteFacts, one: ActionPermitFact) -> EndRow:
    day = date.fromisoformat(one.expires[:10])
    return EndRow(
        day,
        (day - facts.today).days,
        "permit of an action",
        f"The permit {one.action}",
        ", ".join(dict.fromkeys(approval.person for approval in one.approvals)),
        (one.stack,) if one.stack else (),
        "It permits nothing any more.",
        "Use it before, or have it signed again.",
    )
