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
from operations.site.findings_page import open_findings
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
         "roles": ["Reader"], "ways": ["from 192.0.2.0/28"],
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


def test_the_timeline_has_each_change_below_its_month_and_leads_to_each_day() -> None:
    facts = report(
        change(0, "2026-05-11", result=Result.PARTIAL),
        change(4, "2026-05-12", result=Result.SUCCEEDED, who=BY_JOAN),
        replace(change(7, "2026-05-12", Kind.REFUSAL, reason="The policies refuse it."), allowed_by=()),
    )
    html = html_of(facts, changes.pages)["changes.html"]
    assert html.count('<tr id="d2026-05-1') == 2
    text = text_of(html)
    day = text.partition("May 2026 3 entries")[2].partition("2026-05-11")[0]
    assert day.index("change 7 i refused tre-heart up") < day.index("change 4 ✓ succeeded tre-heart up")
    assert "The policies refuse it. user ann@build-1 – nothing applied" in day
    assert "Grants a right: Grants the role “Reader” to the group “stewards”" in day
    assert "stewards can now read: container curated of the warehouse store" in day
    assert "Joan Clarke Anna Example Ben Example" in day
    assert "✗ partial" in text


@pytest.mark.parametrize(
    "fact",
    [
        "Result ✓ succeeded 2026-05-12 09:07 UTC",
        "Run by Joan Clarke Entra " + PERSON.upper(),
        "github-actions, run 812",
        "3 create, 40 unchanged",
        "passed, with exemptions 43 resources evaluated",
        "Anna Example data-owner data 2026-05-02 09:14 It fits the purpose.",
        "Exemptions that it used Exemption Policy Resource Ends on sftp ST3",
        "stewards can now read: container curated of the warehouse store, identifiable (Reader; from 192.0.2.0/28)",
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
        (change(1, "2026-05-12", stacks=("platform",)), "– not needed Shared stacks need no permit"),
        (change(1, "2026-05-12"), "– not needed It needed no permit: this estate had no approval process then"),
        (change(1, "2026-05-12", command="refresh"), "– not needed It changes nothing in Azure"),
        (change(1, "2026-05-12", Kind.BREAK_GLASS), "– not needed This use needed no permit"),
        (
            change(1, "2026-05-12", Kind.BREAK_GLASS, reason="WITHOUT A PERMIT: Ann"),
            "✗ MISSING This use needed a permit",
        ),
    ],
)
def test_a_change_that_nobody_allowed_says_why(one: ChangeFacts, why: str) -> None:
    facts = report(replace(one, allowed_by=(), permit=None))
    assert why in text_of(html_of(facts, changes.pages)["changes/1.html"])


def test_a_tenancy_needs_a_permit_from_the_first_one_on() -> None:
    without = {"allowed_by": (), "permit": None}
    facts = report(replace(change(1, "2026-05-11"), **without), change(3, "2026-05-12"),
                   replace(change(5, "2026-05-13"), **without))  # fmt: skip
    found = html_of(facts, changes.pages)
    assert "The first change with a permit is change 3 of 2026-05-12" in text_of(found["changes/1.html"])
    assert "✗ MISSING It needed a permit" in text_of(found["changes/5.html"])


def part(kind: Kind, one: ChangeFacts, **more: Any) -> ChangeFacts:
    """Return a change with another entry of its run."""
    return replace(one, record=replace(one.record, parts=(*one.record.parts, entry(kind, **more))))


def test_what_a_run_left_names_the_change_that_closed_it() -> None:
    left = part(Kind.OPEN_FINDING, change(1, "2026-05-12", result=Result.PARTIAL), reason="1 resource still exists",
                details=("/subscriptions/x",))  # fmt: skip
    alone = html_of(report(left), changes.pages)
    assert "Open finding: 1 resource still exists /subscriptions/x" in text_of(alone["changes/1.html"])
    assert "✗ partial ✗ open finding" in text_of(alone["changes.html"])
    still = part(Kind.OPEN_FINDING, change(3, "2026-05-13", result=Result.SUCCEEDED, command="refresh"))
    found = html_of(report(left, still, change(5, "2026-05-14", result=Result.SUCCEEDED)), changes.pages)
    assert "Open then, closed by change 5 of 2026-05-14: 1 resource still" in text_of(found["changes/1.html"])
    assert "What it left in Azure was closed by change 5" in text_of(found["changes.html"])
    assert "finding, closed" in text_of(found["changes.html"])


TLS = {"path": "minimumTlsVersion", "before": "TLS1_2", "after": "TLS1_0", "meaning": "weakens encryption",
       "sentence": "Weaker", "resources": {"tre-heart": ["urn:1"]}}  # fmt: skip
LOCK = {"operation": "delete", "meaning": "may lose data", "sentence": "No lock", "resources": {"tre-heart": ["urn:2"]}}
FAILING = KeptVerdict.model_validate({"passed": False, "blocking": [{"policy": "ST5", "verdict": "fail"}]})


def diff_of(*rows: dict[str, Any]) -> KeptDiff:
    return KeptDiff.model_validate({"changes": rows})


def test_drift_is_what_was_found_and_says_what_undid_it() -> None:
    drift = part(Kind.DRIFT, change(1, "2026-05-12", result=Result.SUCCEEDED, command="refresh", who=BY_JOAN),
                 counts={"update": 2})  # fmt: skip
    drift = replace(drift, diff=diff_of(TLS, LOCK), verdict=FAILING)
    alone = html_of(report(drift), changes.pages)
    text = text_of(alone["changes/1.html"])
    for fact in ("Result ! drift found", "Found by Joan Clarke", "do not hold: 1 finding", "They blocked nothing",
                 "Found: changed outside the tool", "✗ not undone", "did to the state: 2 update"):  # fmt: skip
        assert fact in text
    assert "blocked it" not in text
    assert [one.badge.text for one in open_findings(report(drift))] == ["drift", "drift"]
    back = diff_of(TLS | {"before": "TLS1_0", "after": "TLS1_2"})
    mends = replace(change(3, "2026-05-13", result=Result.SUCCEEDED), diff=back)
    in_part = replace(change(3, "2026-05-13", result=Result.PARTIAL), diff=back)
    kinds = [one.badge.text for one in open_findings(report(drift, in_part))]
    assert kinds == ["drift", "drift", "unfinished change"], "nobody knows which part"
    found = html_of(report(drift, mends), changes.pages)
    assert not open_findings(report(drift, mends))
    text = text_of(found["changes/1.html"])
    assert "✓ undone by change 3 of 2026-05-13 Property minimumTlsVersion" in text
    assert "– kept change 3 of 2026-05-13 deployed the stack again" in text, "of the lock"
    assert "✓ undoes what was changed outside the tool, found by change 1" in text_of(found["changes/3.html"])
    row = text_of(found["changes.html"]).partition("change 1 ")[0]
    assert "Undoes what was changed outside the tool, found by" in row


def access_of(*rows: tuple[str, str, str], may: str = "read", **more: Any) -> KeptAccess:
    """Return an access diff: effect, name and object id."""
    on = [{"label": "the store", "data_class": "identifiable"}]
    return KeptAccess.model_validate(
        {"changes": [{"effect": e, "who": {"name": n, "id": i}, "may": [may], "on": on, **more} for e, n, i in rows]}
    )


def lines(*found: ChangeFacts, page: str) -> str:
    return text_of(html_of(report(*found), changes.pages)[page])


NEW, OLD = "0f0e0d0c-1111-4222-8333-000000000004", "87f58276-b955-51fd-a7f0-46d3e8bb480b"
REPLACED = access_of(("gained", "stewards", NEW), ("lost", "stewards", OLD))


def test_a_group_that_follows_another_is_one_line() -> None:
    one = replace(change(1, "2026-05-12", result=Result.SUCCEEDED), access=REPLACED)
    brief = "stewards, a new group (…0004) instead of the old one (…480b), can now read: the store"
    assert brief in lines(one, page="changes.html")
    assert "can no longer" not in lines(one, page="changes.html")
    assert f"! group replaced stewards, a new group ({NEW}) instead of" in lines(one, page="changes/1.html")


def test_a_change_that_ended_in_part_claims_no_more_than_the_next_one_shows() -> None:
    partial = replace(change(1, "2026-05-12", result=Result.PARTIAL), access=REPLACED)
    again = replace(change(3, "2026-05-13", result=Result.SUCCEEDED), access=REPLACED)
    text = lines(partial, again, page="changes/1.html")
    assert "should have got the right to read: the store, identifiable. The old group kept the right" in text
    assert "and the new one had none, until change 3 of 2026-05-13" in text
    assert "can now" not in text
    revokes = replace(again, access=access_of(("lost", "stewards", OLD), may="sign in"))
    text = lines(partial, revokes, page="changes/1.html")
    assert f"! gained stewards ({NEW}) can now read" in text
    assert f"✗ not lost yet stewards ({OLD}) should have lost the right to read: the store" in text
    assert "Rights of this holder were still in force until change 3" in text
    assert text.index("should have lost") < text.index("can now read"), "what was not done comes first"
    assert "✗ perhaps not lost" in lines(partial, page="changes/1.html")
    unread = replace(again, access=None, unread=("access",))
    assert "✗ perhaps not lost" in lines(partial, unread, page="changes/1.html")
    assert "! group replaced" in lines(partial, replace(again, access=None), page="changes/1.html")


@pytest.mark.parametrize("kind_and_result", [(Kind.REFUSAL, None), (Kind.INTENT, Result.FAILED)])
def test_a_change_that_was_not_applied_gives_nobody_anything(kind_and_result: tuple[Kind, Result | None]) -> None:
    one = replace(change(1, "2026-05-12", *kind_and_result), access=access_of(("gained", "stewards", NEW)))
    text = lines(one, page="changes/1.html")
    assert "– not applied stewards would have got the right to read" in text
    assert "What would have changed" in text


def test_a_lost_network_way_is_a_loss_and_a_first_one_a_gain() -> None:
    way = "from 192.0.2.128/29"
    lost = access_of(("changed", "checkers", NEW), roles=["Reader"], ways_before=[way])
    text = lines(replace(change(1, "2026-05-12", result=Result.SUCCEEDED), access=lost), page="changes.html")
    assert "checkers can no longer read, and keeps the role without a network way: the store" in text
    gained = access_of(("changed", "checkers", NEW), roles=["Reader"], ways=[way], opens=True)
    text = lines(replace(change(1, "2026-05-12", result=Result.SUCCEEDED), access=gained), page="changes.html")
    assert "checkers can now read, by the role it had and its first network way: the store" in text


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("tre-heart has no permit for this change:\n  Nobody decided.\n    key: x", "for this change: Nobody decided."),
        (
            "Azure refuses these steps:\n  - disk data: from 8 to 4 GiB:\n    never",
            "steps: disk data: from 8 to 4 GiB: never",
        ),
        (f"The scope '/subscriptions/{'s/' * 80}locks/keeps' is locked", "The scope '…/locks/keeps' is locked"),
    ],
)
def test_a_reason_on_a_line_has_its_cause(reason: str, shown: str) -> None:
    assert shown in lines(change(1, "2026-05-12", Kind.REFUSAL, reason=reason), page="changes.html")


def test_break_glass_says_who_noted_it_and_who_used_it() -> None:
    note = "Priya Hollis, the desk, on 3 May: Entra was down"
    text = lines(change(1, "2026-05-12", Kind.BREAK_GLASS, reason=note, who=BY_JOAN), page="changes/1.html")
    assert "Noted by Joan Clarke" in text
    assert f"Used by, where, when and why {note}" in text


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


def test_what_cannot_be_read_of_a_change_is_said_and_never_shown_as_if_there_was_none() -> None:
    whole = change(4, "2026-11-03", result=Result.SUCCEEDED)
    one = replace(whole, diff=None, access=None, verdict=None, permit=None, allowed_by=(),
                  unread=("diff", "access", "verdict", "permit"))  # fmt: skip
    found = {path: text_of(html) for path, html in html_of(report(one), changes.pages).items()}
    page = found["changes/4.html"]
    assert "what the ledger keeps of the diff and the access and the verdict and the permit cannot be read" in page
    assert "not evaluated" not in page
    assert "keeps no diff" not in page
    assert "needed no permit" not in page + found["changes.html"]
    assert [one.badge.text for one in open_findings(report(one))][:1] == ["ledger"]
