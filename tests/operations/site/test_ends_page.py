"""What ends, and when: each once, with its people, what happens then, and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from formats.people import NamedApproval
from operations.estate.approvals import ApprovedWay, Way
from operations.estate.expiry import APPROVAL, Expiry
from operations.site import ends_page
from operations.site.ends_page import ends_of
from operations.site.facts import ActionPermitFact, Approval, PersonEnd, SiteFacts, StackFacts, TenancyPermit
from tests.operations.reports.samples import granted
from tests.operations.site.rendering import EMPTY, foreign, html_of, text_of
from tests.people import ADA, MARY

WAY = ApprovedWay(
    Way("way out", "packages", "egress.bespoke[0].approval", ("platform",)),
    NamedApproval(owner=ADA, approver=MARY, purpose="A mirror of packages", expires=date(2027, 6, 30)),
)
SDE = Expiry("estate.yaml", APPROVAL, date(2027, 3, 1), 91, "Set a later day.")
OUT = Expiry("estate.yaml", "egress.bespoke[0].approval.expires", date(2027, 6, 30), 212, "Set a later day.", True)
ENTRY = Expiry("people.yaml", "people[0].expires", date(2026, 12, 9), 9, "Name another.", True)
SIGNED = (Approval("a", "Anna Example", "data-owner", "data", "2026-10-02T09:14:00Z"),)


def facts() -> SiteFacts:
    tenancy = TenancyPermit(is_valid=True, expires=date(2027, 2, 1), approvals=SIGNED)
    return replace(
        EMPTY,
        stacks=(
            StackFacts("platform", "platform", "local", "wm", expiries=(ENTRY, SDE, OUT), ways=(WAY,)),
            StackFacts("tre-heart", "tenancy", "local", "wm", expiries=(SDE,), permit=tenancy),
        ),
        exemptions=(granted().valid[0].model_copy(update={"expires": date(2026, 12, 1)}),),
        people=(PersonEnd("Ada Lovelace", "the entry in the roster", date(2026, 12, 9), "people.yaml"),
                PersonEnd("Cara Student", "training", date(2026, 11, 1), "requests/heart.yaml", "tre-heart")),
        action_permits=(ActionPermitFact("break-glass", "platform", "On call", "2026-12-24T10:00:00Z", False, SIGNED),
                        ActionPermitFact("destroy-data", "tre-heart", "Ended", "2026-10-24T10:00:00Z", True)),
    )  # fmt: skip


def test_everything_that_ends_is_one_row_in_the_order_of_the_days() -> None:
    rows = [(str(row.day), row.kind, row.stacks) for row in ends_of(facts())]
    assert rows == [
        ("2026-11-01", "person", ("tre-heart",)),
        ("2026-12-02", "exemption", ()),
        ("2026-12-09", "person", ()),
        ("2026-12-24", "permit of an action", ("platform",)),
        ("2027-02-01", "permit", ("tre-heart",)),
        ("2027-03-01", "approval", ("platform", "tre-heart")),
        ("2027-06-30", "way out", ("platform",)),
    ]


def test_the_page_says_what_ends_next_and_who_answers_for_it() -> None:
    html = html_of(facts(), ends_page.pages)["ends.html"]
    text = text_of(html)
    assert "1 thing has ended. Next: Exemption intake from XX1, on 2026-12-02. Within 60 days: 3 of 7." in text
    assert "The approval of a way out: packages platform Ada Lovelace; approved by Mary Seacole preview" in text
    assert "ends on 2026-12-02 – nothing was judged" in text
    assert "destroy-data tre-heart – used" in text
    assert "tre-heart ✓ valid 2027-02-01 Anna Example, data-owner, 2026-10-02" in text
    assert not foreign(html)


def test_an_estate_without_ends_says_so() -> None:
    assert "Nothing in the estate's files has an end." in text_of(html_of(EMPTY, ends_page.pages)["ends.html"])
