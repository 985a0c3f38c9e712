"""The first page: the estate in brief, and where to look for more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from operations.diffs.text import plural
from operations.estate.expiry import EARLY_WARNING
from operations.ledger.entry import Kind
from operations.site.access_pages import classes_of
from operations.site.badge import Badge, Tone
from operations.site.change_rows import timeline_row
from operations.site.ends_page import ends_of
from operations.site.estate_map import map_of
from operations.site.facts import SiteFacts
from operations.site.findings_page import OpenFinding, open_findings
from operations.site.pages import Page
from policies.model import Verdict

MOST = 10
"""The most rows of a list on the first page."""
_DAYS = 30
"""The days whose changes are counted."""


@dataclass(frozen=True)
class Tile:
    """A number with what it counts, and the page with more."""

    tone: Tone
    big: str
    text: str
    path: str


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the first page."""
    findings, ends = open_findings(facts), ends_of(facts)
    places = [place for one in classes_of(facts) for place in one.places]
    values = {
        "verdict": _verdict(facts),
        "tiles": list(_tiles(facts, findings)),
        "findings": findings[:MOST],
        "more_findings": max(0, len(findings) - MOST),
        "ends": ends[:MOST],
        "changes": [timeline_row(facts, one) for one in facts.changes[:MOST]],
        "zones": [place for place in places if place.is_zone],
        "map": map_of(facts),
    }
    yield Page("index.html", "overview.html.j2", "The estate in brief", "overview", values)


def _verdict(facts: SiteFacts) -> Badge:
    report = facts.policies
    if report is None:
        return Badge("quiet", "No policy was evaluated: nothing is deployed.")
    counts = report.counts
    of = f"on {plural(report.resources, 'resource')} of {plural(len(report.stacks), 'stack')}"
    if report.blocks:
        failing = f"failed checks: {counts[Verdict.FAIL]:,}, unknown: {counts[Verdict.UNKNOWN]:,}"
        return Badge("bad", f"The policies do not hold: {failing}, {of}.")
    exempt = f", exempt: {counts[Verdict.EXEMPT]:,}" if counts[Verdict.EXEMPT] else ""
    return Badge("good", f"The policies hold: {plural(counts[Verdict.PASS], 'passed check')}{exempt}, {of}.")


def _tiles(facts: SiteFacts, findings: Sequence[OpenFinding]) -> Iterator[Tile]:
    missing = len(facts.stacks) - len(facts.deployed)
    stacks = "all stacks are deployed" if not missing else f"of {plural(len(facts.stacks), 'stack')} are deployed"
    yield Tile("warn" if missing else "good", f"{len(facts.deployed):,}", stacks, "stacks.html")
    bad = any(one.badge.tone == "bad" for one in findings)
    tone: Tone = "bad" if bad else "warn" if findings else "good"
    yield Tile(tone, f"{len(findings):,}", "open finding" if len(findings) == 1 else "open findings", "findings.html")
    near = sum(0 < one.days_left <= EARLY_WARNING for one in ends_of(facts))
    text = f"{'end' if near == 1 else 'ends'} in the next {EARLY_WARNING} days"
    yield Tile("warn" if near else "good", f"{near:,}", text, "ends.html")
    since = facts.made - timedelta(days=_DAYS)
    recent = [one.record.entry.kind for one in facts.changes if one.record.entry.time >= f"{since:%Y-%m-%dT%H:%M:%SZ}"]
    made, refused = recent.count(Kind.INTENT), recent.count(Kind.REFUSAL)
    text = f"{'change' if made == 1 else 'changes'} in {_DAYS} days{f'; {refused:,} refused' if refused else ''}"
    yield Tile("info", f"{made:,}", text, "changes.html")
    broken = [one for one in facts.ledgers if one.problems]
    entries = sum(one.size for one in facts.ledgers)
    if facts.ledgers:
        text = (
            "the ledger does not verify"
            if broken
            else f"{'entry' if entries == 1 else 'entries'} in the ledger, verified"
        )
        yield Tile("bad" if broken else "good", f"{entries:,}" if not broken else "no", text, "changes.html")
    yield from _prices(facts)


def _prices(facts: SiteFacts) -> Iterator[Tile]:
    totals: dict[str, Decimal] = {}
    for stack in facts.deployed:
        if stack.price:
            totals[stack.price.currency] = totals.get(stack.price.currency, Decimal(0)) + stack.price.total.after
    for currency, total in totals.items():
        yield Tile(
            "info",
            f"{currency} {total:,.0f}",
            "a month at list price, all machines running",
            "stacks.html",
        )
