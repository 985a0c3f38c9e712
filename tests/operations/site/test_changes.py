"""The timeline, and the page of a change: when, what it meant, who asked, who allowed it, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.history.changes import ChangeRecord
from operations.history.kept import KeptAccess, KeptDiff, KeptPermit, KeptVerdict
from operations.ledger.entry import Kind, Result
from operations.site import changes
from operations.site.facts import Approval, ChangeFacts, SiteFacts
from tests.operations.ledger.logs import entry
from tests.operations.site.rendering import EMPTY, foreign, html_of, text_of

D = "sha256:" + "ab" * 32
DIFF = {
    "changes": [
        {"meaning": "housekeeping", "sentence": "A label changes", "path": "tags.owner", "before": "a", "after": "b"},
        {"meaning": "grants a right", "sentence": "Grants the role “Reader” to the group “stewards”", "rules": ["IA1"],
         "resources": {"tre-heart": ["urn:pulumi:tre-heart::sde::azure-native:authorization:RoleAssignment::reads"]}},
    ]
}  # fmt: skip
ACCESS = {
    "changes": [
        {"effect": "gained", "who": {"name": "stewards"}, "may": ["read"], "opens": True,
         "on": [{"label": "container curated of the warehouse store", "data_class": "identifiable"}]},
    ],
    "flows": [{"policy": "FL2", "flow": "past the airlock", "from": "tre-heart", "before": 4, "after": 3,
               "weakens": True}],
}  # fmt: skip
APPROVALS = (
    Approval("a" * 64, "Anna Example", "data-owner", "data", "2026-05-02T09:14:00Z", "It fits the purpose."),
    Approval("b" * 64, "Ben Example", "information-governance", "privacy", "2026-05-03T15:40:00Z"),
)
PERSON = "11111111-2222-4333-8444-555555555555"


def change(number: int, day: str, kind: Kind = Kind.INTENT, result: Result | None = None, **more: Any) -> ChangeFacts:
    """Return a change of a tenancy with all that is kept of it."""
    own = {"stacks": ("tre-heart",), "time": f"{day}T09:00:00Z"} | more
    ended = entry(Kind.RESULT, of=number, result=result, time=f"{day}T09:07:00Z", counts={"create": 3, "same": 40})
    return ChangeFacts(
        ChangeRecord(number, entry(kind, **own), ended if result else None, (), number + 1 if result else None),
        KeptDiff.model_validate(DIFF),
        KeptAccess.model_validate(ACCESS),
        KeptVerdict.model_validate({"passed": True, "exemptions": [{"id": "sftp", "policy": "ST3"}], "resources": 43}),
        KeptPermit(permit=D, documents=(D,)),
        APPROVALS,
    )


def report(*found: ChangeFacts) -> SiteFacts:
    return replace(EMPTY, changes=tuple(reversed(found)), names={PERSON: "Joan Clarke"})


BY_JOAN = {"kind": "entra-object-id", "id": PERSON.upper()}


def test_the_timeline_has_each_change_below_its_day() -> None:
    facts = report(
        change(0, "2026-05-11", result=Result.PARTIAL),
        change(4, "2026-05-12", result=Result.SUCCEEDED, who=BY_JOAN),
        replace(change(7, "2026-05-12", Kind.REFUSAL, reason="The policies refuse it."), allowed_by=()),
    )
    text = text_of(html_of(facts, changes.pages)["changes.html"])
    day = text.partition("2026-05-12 2 changes")[2].partition("2026-05-11 1 change")[0]
    assert day.index("change 7") < day.index("change 4")
    assert "The policies refuse it. user ann@build-1 nothing was applied i refused" in day
    assert "Grants a right: Grants the role “Reader” to the group “stewards”" in day
    assert "stewards can now read: container curated of the warehouse store" in day
    assert "Joan Clarke Anna Example Ben Example ✓ succeeded" in day
    assert "✗ partial" in text


@pytest.mark.parametrize(
    "fact",
    [
        "Became ✓ succeeded 2026-05-12 09:07 UTC",
        "Asked by Joan Clarke Entra " + PERSON.upper(),
        "github-actions, run 812",
        "3 create, 40 unchanged",
        "passed, with exemptions 43 resources evaluated",
        "Anna Example data-owner data 2026-05-02 09:14 It fits the purpose.",
        "Exemptions that it used Exemption Policy Resource Ends on sftp ST3",
        "gained stewards can now read: container curated of the warehouse store",
        "FL2 past the airlock tre-heart 4 controls ✗ 3 controls",
        "Grants the role “Reader” to the group “stewards” On role assignment reads of tre-heart. Policies: IA1",
        'tags.owner Before "a" After "b"',
        "Entry 4, its result 5",
        f"State before {D}",
        f"Permit of the tenancy {D}",
    ],
)
def test_the_page_of_a_change_has_all_that_is_kept(fact: str) -> None:
    one = change(4, "2026-05-12", result=Result.SUCCEEDED, who=BY_JOAN, state_before=D,
                 pipeline={"system": "github-actions", "run": "812"})  # fmt: skip
    assert fact in text_of(html_of(report(one), changes.pages)["changes/4.html"])


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (change(1, "2026-05-12", Kind.REFUSAL), "Nothing was applied"),
        (change(1, "2026-05-12", stacks=("platform",)), "Shared stacks have no permits"),
        (change(1, "2026-05-12"), "No permit is recorded with it"),
        (change(1, "2026-05-12", Kind.BREAK_GLASS), "No permit of this use is recorded"),
    ],
)
def test_a_change_that_nobody_allowed_says_why(one: ChangeFacts, why: str) -> None:
    facts = report(replace(one, allowed_by=(), permit=None))
    assert why in text_of(html_of(facts, changes.pages)["changes/1.html"])


def test_drift_and_open_findings_are_on_the_page_of_their_change() -> None:
    one = change(1, "2026-05-12", result=Result.SUCCEEDED)
    parts = [entry(Kind.OPEN_FINDING, reason="1 resource still exists", details=("/subscriptions/x",)),
             entry(Kind.DRIFT, counts={"update": 2})]  # fmt: skip
    found = html_of(report(replace(one, record=replace(one.record, parts=parts))), changes.pages)
    text = text_of(found["changes/1.html"])
    assert "Open finding: 1 resource still exists /subscriptions/x" in text
    assert "the cloud differed from the state: 2 update" in text
    assert "! open finding ! drift" in text_of(found["changes.html"])


def test_changes_of_several_ledgers_have_pages_of_their_own() -> None:
    both = (replace(change(1, "2026-05-12"), cloud="local"), replace(change(1, "2026-05-13"), cloud="azure"))
    assert {"changes/local-1.html", "changes/azure-1.html"} <= html_of(report(*both), changes.pages).keys()


def test_earlier_months_of_a_long_history_have_pages_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_ROWS", 1)
    found = html_of(report(change(1, "2026-04-12"), change(2, "2026-05-12"), change(3, "2026-05-13")), changes.pages)
    assert "change 2" in found["changes.html"]
    assert "change 1" not in found["changes.html"]
    assert 'href="changes/2026-04.html#m2026-04"' in found["changes.html"]
    assert "change 1" in found["changes/2026-04.html"]
    assert 'href="../changes.html#m2026-05"' in found["changes/2026-04.html"]


def test_a_report_without_changes_says_why() -> None:
    assert "The ledger has no change yet" in text_of(html_of(EMPTY, changes.pages)["changes.html"])


@settings(max_examples=15)
@given(st.text(alphabet=st.sampled_from("<>\"'&{}%/=:") | st.characters(codec="utf-8"), min_size=1, max_size=300))
def test_no_text_of_the_ledger_is_markup(text: str) -> None:
    evil = "<img src=x onerror=alert(1)>" + text
    access = {"changes": [{"effect": evil, "who": {"name": evil}, "may": [evil], "on": [{"label": evil}]}],
              "renames": [{"before": evil, "after": evil}]}  # fmt: skip
    verdict = {"passed": False, "blocking": [{"policy": evil, "verdict": evil, "stack": evil, "name": evil,
                                              "path": evil, "message": evil}],
               "exemptions": [{"id": evil, "policy": evil, "resource": evil, "expires": evil}]}  # fmt: skip
    diff = {"changes": [{"meaning": "opens a way", "sentence": evil, "path": evil, "before": {evil: [evil]},
                         "after": evil, "rules": [evil], "resources": {evil: [evil]}}]}  # fmt: skip
    one = change(1, "2026-05-12", result=Result.FAILED, stacks=(evil,), command=evil, run=evil, reason=evil,
                 details=(evil,), version=evil, engine=evil,
                 pipeline={"system": "gitlab", "run": evil, "url": "javascript:" + evil, "actor": evil})  # fmt: skip
    kept = {"diff": KeptDiff.model_validate(diff), "access": KeptAccess.model_validate(access),
            "verdict": KeptVerdict.model_validate(verdict),
            "allowed_by": (Approval("a", evil, evil, evil, "2026-05-02T09:14:00Z", evil),)}  # fmt: skip
    for path, html in html_of(report(replace(one, **kept)), changes.pages).items():
        assert not foreign(html), path
