"""What is open: each kind of finding, with what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from formats.plan import Plan
from operations.estate.expiry import REQUEST, Expiry
from operations.ledger.entry import Result
from operations.site import findings_page
from operations.site.facts import LedgerFacts, SiteFacts, StackFacts, TenancyPermit
from operations.site.findings_page import open_findings
from tests.operations.reports.samples import report
from tests.operations.site.rendering import EMPTY, foreign, html_of, text_of
from tests.operations.site.test_access_pages import CURATED, READ, STEWARDS, right
from tests.operations.site.test_changes import change

PLAN = Plan("sde", "tre-gone", "local", ())


def facts() -> SiteFacts:
    past = Expiry("requests/heart.yaml", REQUEST, date(2026, 11, 1), -29, "Set a later day.")
    no_permit = TenancyPermit(is_valid=False, why_not=("Nobody decided the step data.",))
    return replace(
        EMPTY,
        stacks=(
            StackFacts("tre-heart", "tenancy", "local", "wm", expiries=(past,), permit=no_permit),
            StackFacts("tre-gone", "tenancy", "local", "wm", plan=PLAN, is_orphaned=True),
        ),
        policies=report(),
        access=replace(EMPTY.access, rows=(right(STEWARDS, READ, CURATED, way="a way", failed=True),),
                       unknowns=("the scope of a role",)),
        ledgers=(LedgerFacts("local", "l", 3, "0" * 64, problems=("entry 2 is not in the tree",)),),
        open_findings=("tre-heart, entry 4 of 2026-11-02: 1 resource still exists",),
        changes=(change(9, "2026-11-02", result=Result.PARTIAL), change(1, "2026-11-01", result=Result.FAILED)),
    )  # fmt: skip


def test_each_kind_of_finding_is_there_once() -> None:
    found = [(one.badge.text, one.where) for one in open_findings(facts()) if not one.badge.text.startswith("policy")]
    assert found == [
        ("failed revocation", "safe-haven"),
        ("not deleted", "tre-heart"),
        ("ledger", "ledger of local"),
        ("exemption", "exemptions.yaml"),
        ("not deployed", "tre-heart"),
        ("no permit", "tre-heart"),
        ("ended", "tre-heart"),
        ("orphaned", "tre-gone"),
        ("unfinished change", "tre-heart"),
        ("access: unknown", "access"),
    ]


def test_findings_of_the_policies_have_their_fix_and_hostile_names_are_text() -> None:
    html = html_of(facts(), findings_page.pages)["findings.html"]
    assert not foreign(html)
    text = text_of(html)
    assert "✗ policy tre-heart XX1" in text
    assert "✗ policy: unknown tre-heart XX1, hidden" in text
    assert "scripts/sde up safe-haven" in text


def test_the_file_of_a_destroyed_project_can_be_removed() -> None:
    destroyed = change(9, "2026-11-02", result=Result.SUCCEEDED, command="destroy")
    gone = next(
        one for one in open_findings(replace(facts(), changes=(destroyed,))) if one.badge.text == "not deployed"
    )
    assert gone.text == "Change 9 of 2026-11-02 destroyed it, and the estate's files still have it."
    assert gone.do == (
        "If the project has ended, remove requests/heart.yaml. To deploy it again: have its permit approved."
    )


def test_an_estate_without_findings_says_what_that_means() -> None:
    assert "Nothing is open." in text_of(html_of(EMPTY, findings_page.pages)["findings.html"])
