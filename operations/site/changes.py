"""The timeline of changes: the newest first, by month. `change_page.py` has the page of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from operations.site.change_page import change_pages
from operations.site.change_rows import TimelineRow, timeline_row
from operations.site.facts import ChangeFacts, SiteFacts
from operations.site.pages import Page, Target

MOST_ROWS = 300
"""The months from the newest on are on the first page until it has so many rows. Each earlier month has its own."""
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip


@dataclass(frozen=True)
class Month:
    """The changes of one month."""

    key: str
    """Such as `2026-05`."""
    rows: Sequence[TimelineRow]

    @property
    def title(self) -> str:
        """Such as `May 2026`."""
        return f"{MONTHS[int(self.key[5:]) - 1]} {self.key[:4]}" if self.key[5:].isdigit() else self.key

    @property
    def days(self) -> Sequence[str]:
        """The days with a row."""
        return list(dict.fromkeys(row.time[:10] for row in self.rows))


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the timeline, then the page of each change."""
    months = [
        Month(key, [timeline_row(facts, one) for one in found])
        for key, found in groupby(_by_time(facts.changes), lambda one: one.record.entry.time[:7])
    ]
    shown = _first_page(months)
    places = {month.key: "changes.html" if month in shown else f"changes/{month.key}.html" for month in months}
    common = {"all_months": months, "places": places, "total": len(facts.changes)}
    yield Page("changes.html", "changes.html.j2", "Changes", "changes", {"months": shown, **common}, _targets(shown))
    for month in months[len(shown) :]:
        title = f"Changes of {month.title}"
        yield Page(places[month.key], "changes.html.j2", title, "changes", {"months": [month], **common},
                   _targets([month]))  # fmt: skip
    yield from change_pages(facts)


def _by_time(changes: Sequence[ChangeFacts]) -> Sequence[ChangeFacts]:
    """Return the changes with the newest first, by the time of their entries: there may be several ledgers."""
    return sorted(changes, key=lambda one: (one.record.entry.time, one.record.number), reverse=True)


def _first_page(months: Sequence[Month]) -> Sequence[Month]:
    count = 0
    for index, month in enumerate(months):
        count += len(month.rows)
        if index and count > MOST_ROWS:
            return months[:index]
    return months


def _targets(months: Sequence[Month]) -> Sequence[Target]:
    return [Target(f"Changes on {day}", f"d{day}") for month in months for day in month.days]
