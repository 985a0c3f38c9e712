"""The first page: the verdict, what needs attention, who may read the zones' data, and what is next and latest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from operations.history.changes import ChangeRecord
from operations.ledger.entry import Kind
from operations.site import overview
from operations.site.facts import ChangeFacts
from policies.model import Verdict
from tests.operations.ledger.logs import entry
from tests.operations.site import sample
from tests.operations.site.rendering import EMPTY, html_of, text_of


def _text(facts: sample.SiteFacts) -> str:
    return text_of(html_of(facts, overview.pages)["index.html"])


def test_the_first_page_answers_what_is_asked_first() -> None:
    text = _text(sample.facts())
    for fact in (
        "The policies hold: 6,619 passed checks, on 557 resources of 4 stacks.",
        "4 all stacks are deployed",
        "0 open findings",
        "41 entries in the ledger, verified",
        "USD 5,397 a month at list price, all machines running",
        "Zone warehouse identifiable data stewards of warehouse nobody the identity archive-mover of safe-haven",
        "2027-03-31 – in 121 days The permit of a tenancy tre-hcm-progression",
        "The ledger has no change.",
        "Not in the report: the packages that were installed on desks.",
    ):
        assert fact in text, fact
    assert len(html_of(sample.facts(), overview.pages)["index.html"]) < 100_000


def test_what_is_wrong_comes_first() -> None:
    facts = sample.facts()
    report = facts.policies
    assert report
    failed = replace(report.findings[0], verdict=Verdict.FAIL, message="something is open")
    wrong = replace(
        facts,
        policies=replace(report, findings=(failed, *report.findings[1:])),
        ledgers=(replace(facts.ledgers[0], problems=("entry 7 was changed",)),),
    )
    text = _text(wrong)
    assert "The policies do not hold: failed checks: 1, unknown: 0" in text
    assert "no the ledger does not verify" in text
    assert text.index("entry 7 was changed") < text.index("something is open") < text.index("Estate map")


def test_refusals_are_no_changes() -> None:
    kinds = (Kind.INTENT, Kind.REFUSAL, Kind.BREAK_GLASS)
    changes = (ChangeFacts(ChangeRecord(number, entry(kind), None)) for number, kind in enumerate(kinds))
    made = datetime(2026, 12, 20, tzinfo=UTC)
    assert "1 change in 30 days; 1 refused" in _text(replace(EMPTY, made=made, changes=tuple(changes)))


def test_nothing_deployed_is_said() -> None:
    text = _text(EMPTY)
    for fact in ("No policy was evaluated: nothing is deployed.", "there is nothing to draw", "No zone is deployed."):
        assert fact in text
