"""Whoever has the report alone can answer what people ask about an estate and the history of its changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from html.parser import HTMLParser

from tests.operations.cli.history.made import IS_WHOLE, Made, history
from tests.operations.cli.history.steps import RECIPIENTS, TENANCY

ENDS_OF_ROWS = ("tr", "p", "li", "h1", "h2", "h3", "div", "caption", "dt")


class Rows(HTMLParser):
    """The texts of a page, a line for each row of a table, paragraph or entry; cells are separated by ` | `."""

    def __init__(self) -> None:
        super().__init__()
        self.lines, self._line = list[str](), ""

    def handle_data(self, data: str) -> None:
        self._line += data

    def handle_starttag(self, tag: str, _: object) -> None:
        self._line += " | " if tag in ("td", "dd") else " "
        in_row = "<row>" in self._line
        if tag == "tr" or (tag in ENDS_OF_ROWS and not in_row):
            self._end()
        if tag == "tr":
            self._line = "<row>"

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr" or (tag in ENDS_OF_ROWS and "<row>" not in self._line and tag != "dt"):
            self._end()

    def _end(self) -> None:
        text = re.sub(r"\s+", " ", self._line.replace("<row>", "")).strip()
        self.lines += [text] if text else []
        self._line = ""


@cache
def page(path: str) -> Sequence[str]:
    rows = Rows()
    rows.feed((history().report / path).read_text())
    rows.close()
    return rows.lines


def line(path: str, *words: str) -> str:
    """Return the one line of a page with these words."""
    found = [one for one in page(path) if all(word in one for word in words)]
    assert len(found) == 1, (words, found or page(path))
    return found[0]


def in_timeline(step: Made) -> str:
    """Return the row of a change in the timeline. Rows of other changes may name it."""
    found = [one for one in page("changes.html") if re.match(rf"{step.day} \d\d:\d\d change {step.number} \|", one)]
    assert len(found) == 1, (step, found or page("changes.html"))
    return found[0]


def made(name: str) -> Made:
    return next(one for one in history().steps if one.name == name)


def change(step: Made) -> str:
    return f"changes/{step.number}.html"


def signers(lines: Sequence[str]) -> set[str]:
    """Return the made-up approvers whose names are in some lines."""
    return set(re.findall(r"[A-Z]\w+ (?:Alder|Birch|Cedar)", " ".join(lines)))


SAID = {"refusal": "refused", "failed": "could not begin"}
"""What the page of a change says of what became of it, where it is another word."""
EXEMPTION, PERMITTED = "an exemption, once more", "the tenancy's request is approved, and runs for longer"
REFUSED = "uploads are deleted before they are taken over: refused by the policies"
LOCKED = "other stewards of the junction, whose predecessors' right a lock keeps"
FREED = "the lock is gone, and the former stewards' right too"


def test_who_may_read_the_data_of_the_warehouse_today() -> None:
    place, _, people, without_way, computers, _ = line("access.html", "Zone warehouse | identifiable").split(" | ")
    assert (place, people, without_way) == ("Zone warehouse", "nobody", "stewards of warehouse")
    assert re.findall(r"identity (\S+)", computers) == ["archive-mover", "staging-mover", "warehouse-mover"]


def test_what_changed_on_a_day_and_who_allowed_it() -> None:
    step = made(PERMITTED)
    row = in_timeline(step)
    assert all(word in row for word in (TENANCY, "Moves the day on which the approval ends", "succeeded"))
    assert step.user in row or "Priya Hollis" in row
    found = page(change(step))
    assert [one for one in found if '"2028-09-30"' in one or '"2028-12-31"' in one], "the day before"
    assert [one for one in found if '"2029-03-31"' in one], "the day after"
    assert len(signers([one for one in found if step.day in one])) == 6, found


def test_which_exemption_ends_next_and_who_answers_for_it() -> None:
    ends = date.fromisoformat(made(EXEMPTION).day) + timedelta(days=31)
    assert line("ends.html", "Next: Exemption short-waits", str(ends))
    row = line("ends.html", str(ends), "short-waits from ST30", "approved by")
    assert all(name in row for name in ("Priya Hollis", "Margit Ashdown"))
    assert line("ends.html", "until their own archive runs")


def test_who_may_fetch_the_results_and_from_where() -> None:
    rows = [one for one in page(f"stacks/{TENANCY}.html") if one.startswith("recipients of the results")]
    if IS_WHOLE:
        assert rows == [], "the step “no recipients any more” is the last on them"
    else:
        assert [all(word in row for word in ("read |", *RECIPIENTS["ranges"])) for row in rows] == [True]


def test_what_was_refused_and_why() -> None:
    step = made(REFUSED)
    assert "refused" in in_timeline(step)
    assert "at least 7" in line(change(step), "ST30", "fail", "is to delete after 3 days")
    assert line(change(step), "Nothing was applied")


def test_when_the_break_glass_key_was_used_and_who_had_allowed_it() -> None:
    step = made("the break-glass key is used with a permit")
    without = made("a person says that the break-glass key was used")
    for one in (step, without):
        assert "Entra was down" in in_timeline(one)
    row = line("ends.html", "break-glass", TENANCY, "used")
    assert len(signers([row])) == 2
    assert "not needed" in in_timeline(without)


def test_which_right_was_not_revoked_and_since_when_it_is_gone() -> None:
    late, gone = made(LOCKED), made(FREED)
    assert [one for one in page(change(late)) if "role assignment that should have been revoked" in one]
    assert "partial" in in_timeline(late)
    assert "succeeded" in in_timeline(gone)
    closed = f"change {gone.number} of {gone.day}"
    assert line(change(late), "should have got the right", f"and the new one had none, until {closed}")
    assert [one for one in page(change(late)) if f"Open then, closed by {closed}" in one]
    assert not [one for one in page("findings.html") if "should have been revoked" in one]


def test_since_when_people_have_a_right_and_by_which_change() -> None:
    step = made(FREED)
    rows = [one for one in page("stacks/junction-zone.html") if one.startswith("stewards of junction | ")]
    assert [f"{step.day} change {step.number}" in row for row in rows] == [True], rows


def test_until_when_the_tenancy_may_run_and_by_whose_decisions() -> None:
    row = line("ends.html", f"{TENANCY} | ", "valid")
    assert "2029-03-31" in row
    assert len(signers([row])) == 6


def test_where_data_can_go_from_the_tenancy_and_until_when() -> None:
    row = line(f"stacks/{TENANCY}.html", "packages | 203.0.113.16/29")
    assert all(word in row for word in ("TCP 443", "owner Priya Hollis", "approver Margit Ashdown", "2029-03-31"))


def test_when_the_secrets_of_the_safe_haven_are_to_be_renewed() -> None:
    row = line("ends.html", "secrets", "Secrets of the safe haven")
    assert ("2027-11-30" if IS_WHOLE else "2027-10-31") in row
    assert "scripts/sde up safe-haven" in row


def test_every_change_of_the_history_has_its_page_and_its_day_in_the_timeline() -> None:
    for step in history().steps:
        said = " ".join(page(change(step)))
        assert SAID.get(step.became, step.became) in said or "drift found" in said, step
        assert step.stack in in_timeline(step)
