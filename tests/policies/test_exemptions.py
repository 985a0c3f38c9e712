"""An exemption that is not good in every way is none, and every report says so."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from formats.errors import InputError
from formats.plan import UNKNOWN
from policies.exemptions import Exemptions, read
from policies.model import PolicyContext, Verdict
from policies.runner import Report, evaluate
from tests.policies.world import catalogue, policy, store

TODAY = date(2026, 3, 1)
GOOD = {
    "id": "intake-sftp",
    "policy": "XX1",
    "resource": "tre-heart:storage:StorageAccount:data",
    "owner": "Ada Lovelace",
    "approver": "Mary Seacole",
    "reason": "The trust can send by SFTP alone until March.",
    "compensating_control": "One address is let in, and every upload is scanned.",
    "granted": date(2026, 2, 20),
    "expires": date(2026, 5, 1),
}


def exemptions(*entries: Any, policies: Any = None) -> Exemptions:
    return read({"exemptions": list(entries)}, policies or catalogue(), file="exemptions.yaml", today=TODAY)


def judged(granted: Exemptions, *, public: Any = True) -> Report:
    return evaluate(PolicyContext([store(public=public)]), catalogue(), today=TODAY, exemptions=granted)


def test_a_good_one_lets_its_resource_off_and_shows() -> None:
    report = judged(exemptions(GOOD))
    (finding,) = report.findings
    assert (finding.verdict, finding.exemption) == (Verdict.EXEMPT, "intake-sftp")
    assert finding.message == "is True; it must be false"
    assert [e.approver for e in report.exemptions] == ["Mary Seacole"]
    assert not report.blocks
    assert report.warnings == ()


def test_the_resource_may_be_a_urn() -> None:
    assert not judged(exemptions(GOOD | {"resource": store().urn})).blocks


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"policy": "XX9"}, "no policy XX9"),
        ({"approver": "  ada  LOVELACE "}, "another person"),
        ({"approver": "Ada\u200b Lovelace"}, "another person"),
        ({"approver": "\uff21da\u2003Lovelace"}, "another person"),
        ({"approver": "\u0410da Lovelace"}, "mixes alphabets"),
        ({"expires": date(2026, 2, 28)}, "expired"),
        ({"granted": date(2025, 12, 1), "expires": date(2026, 3, 20)}, "more than 90 days"),
        ({"granted": date(2026, 3, 2)}, "in the future"),
        ({"expires": TODAY + timedelta(days=91)}, "more than 90 days"),
        ({"expires": "soon"}, "expires"),
        ({"expires": "2026-13-01"}, "expires"),
        ({"expires": None}, "expires"),
        ({"owner": ""}, "owner"),
        ({"reason": "because"}, "reason"),
        ({"compensating_control": " " * 40}, "compensating_control"),
        ({"resource": "tre-heart:storage:StorageAccount:*"}, "must be one"),
        ({"resource": "tre-heart"}, "must be one"),
        ({"id": "Intake SFTP"}, "id"),
        ({"forever": True}, "not known"),
    ],
)
def test_one_that_is_not_good_is_none(change: dict[str, Any], why: str) -> None:
    report = judged(exemptions(GOOD | change))
    assert report.findings[0].verdict is Verdict.FAIL
    (warning,) = report.warnings
    assert why in warning
    assert "is ignored" in warning


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_nothing_may_be_left_out(missing: str) -> None:
    report = judged(exemptions({k: v for k, v in GOOD.items() if k != missing}))
    assert report.blocks
    assert missing in report.warnings[0]


@pytest.mark.parametrize("entry", [None, "all", 5, [], ["XX1"]])
def test_an_entry_of_another_shape_is_none(entry: Any) -> None:
    assert judged(exemptions(entry)).blocks


def test_it_holds_on_its_last_day_and_for_90_days() -> None:
    assert not judged(exemptions(GOOD | {"expires": TODAY})).blocks
    assert not judged(exemptions(GOOD | {"granted": TODAY, "expires": TODAY + timedelta(days=90)})).blocks


def test_it_lets_no_other_resource_and_no_other_policy_off() -> None:
    two = catalogue(policy(), policy(id_="XX2"))
    report = evaluate(PolicyContext([store(), store("other")]), two, today=TODAY, exemptions=exemptions(GOOD))
    assert [(f.policy, f.name) for f in report.findings if f.verdict is Verdict.EXEMPT] == [("XX1", "data")]
    assert len(report.blocking) == 3


def test_of_two_of_one_id_or_place_the_second_is_none() -> None:
    other = GOOD | {"resource": "tre-heart:storage:StorageAccount:other"}
    assert [len(e.valid) for e in (exemptions(GOOD, other), exemptions(GOOD, GOOD | {"id": "again"}))] == [1, 1]


def test_a_broken_rule_is_let_off_by_nobody() -> None:
    broken = catalogue(policy(lambda *_: 1 / 0))  # type: ignore[arg-type, return-value]
    report = evaluate(PolicyContext([store()]), broken, today=TODAY, exemptions=exemptions(GOOD))
    assert report.findings[0].verdict is Verdict.UNKNOWN


def test_what_cannot_be_told_may_be_let_off() -> None:
    assert not judged(exemptions(GOOD), public=UNKNOWN).blocks


def test_one_that_nothing_needed_is_said() -> None:
    report = judged(exemptions(GOOD), public=False)
    assert report.warnings == ("exemption intake-sftp: it is not used; remove it",)
    assert report.findings[0].verdict is Verdict.PASS


def test_one_for_a_stack_that_is_not_judged_is_not_said() -> None:
    assert judged(exemptions(GOOD, GOOD | {"id": "b", "resource": "x:storage:StorageAccount:y"})).warnings == ()


@pytest.mark.parametrize("content", [{}, {"exemptions": None}, {"exemptions": {}}, {"exemptions": [], "more": 1}])
def test_a_file_that_is_no_list_of_them_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"exemptions\.yaml"):
        read(content, catalogue(), file="exemptions.yaml", today=TODAY)


def test_a_warning_steers_no_terminal() -> None:
    (warning,) = exemptions(GOOD | {"id": "a\x1b[2J", "policy": "\x1b]0;x"}).warnings
    assert warning.isprintable()
