"""Only valid exemptions apply; the report has a warning for each other one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from formats.errors import InputError
from formats.plan import UNKNOWN
from policies.exemptions import Exemptions, is_critical, read
from policies.model import Policy, PolicyContext, Severity, Verdict
from policies.rules import load
from policies.runner import Report, evaluate
from tests.people import ADA, ELSIE, GONE, MARY, PEOPLE, ROSTER
from tests.policies.world import catalogue, policy, store

TODAY = date(2026, 3, 1)
STRANGER = "99999999-9999-4999-8999-999999999999"
VALID = {
    "id": "intake-sftp",
    "policy": "XX1",
    "resource": "tre-heart:storage:StorageAccount:data",
    **PEOPLE,
    "reason": "The trust can send by SFTP alone until March.",
    "compensating_control": "One address is let in, and every upload is scanned.",
    "granted": date(2026, 2, 20),
    "expires": date(2026, 5, 1),
}


def exemptions(*entries: Any, policies: Any = None) -> Exemptions:
    found = policies or catalogue()
    return read({"exemptions": list(entries)}, found, file="exemptions.yaml", today=TODAY, people=ROSTER)


def evaluated(granted: Exemptions, *, public: Any = True) -> Report:
    return evaluate(PolicyContext([store(public=public)]), catalogue(), today=TODAY, exemptions=granted)


def test_a_valid_exemption_applies_and_is_reported() -> None:
    report = evaluated(exemptions(VALID))
    (finding,) = report.findings
    assert (finding.verdict, finding.exemption) == (Verdict.EXEMPT, "intake-sftp")
    assert finding.message == "is True; it must be false"
    assert [e.people for e in report.exemptions] == [{"owner": ADA, "approver": MARY}]
    assert not report.blocks
    assert report.warnings == ()


def test_the_resource_may_be_a_urn() -> None:
    assert not evaluated(exemptions(VALID | {"resource": store().urn})).blocks


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"policy": "XX9"}, "no policy XX9"),
        ({"approver": str(ADA.id)}, "another person must approve it"),
        ({"approver": str(ADA.id).upper()}, "another person must approve it"),
        ({"second_approver": str(MARY.id)}, "another person must approve it"),
        ({"second_approver": str(ADA.id)}, "another person must approve it"),
        ({"owner": str(MARY.id)}, "Mary Seacole has no role `owner`"),
        ({"owner": "Ada Lovelace"}, f"{ADA.id} (Ada Lovelace)"),
        ({"approver": STRANGER}, "There is no such person on the roster"),
        ({"second_approver": STRANGER}, "There is no such person on the roster"),
        ({"owner": str(GONE.id)}, "Edith Cavell is not on the roster any more, since 2026-03-01"),
        ({"approver": str(GONE.id)}, "Edith Cavell is not on the roster any more"),
        ({"second_approver": str(GONE.id)}, "Edith Cavell is not on the roster any more"),
        ({"approver": [str(MARY.id), str(ELSIE.id)]}, "approver"),
        ({"expires": date(2026, 2, 28)}, "expired"),
        ({"granted": date(2025, 12, 1), "expires": date(2026, 3, 20)}, "more than 90 days"),
        ({"granted": date(2026, 3, 2)}, "at exemptions[0].granted, found: 2026-03-02, allowed"),
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
def test_an_invalid_exemption_is_ignored_with_a_warning(change: dict[str, Any], why: str) -> None:
    report = evaluated(exemptions(VALID | change))
    assert report.findings[0].verdict is Verdict.FAIL
    (warning,) = report.warnings
    assert why in warning
    assert "is ignored" in warning
    assert "in exemptions.yaml, at exemptions[0]" in warning
    assert "allowed: " in warning or "fix: " in warning


CRITICAL = [
    policy(id_="FL9"), policy(id_="IA9"), policy(id_="LG9"), policy(id_="TY9"),
    policy(severity=Severity.CRITICAL), policy(check_paths=("properties.publicNetworkAccess",)),
    policy(check_paths=("networkAcls.defaultAction",)),
]  # fmt: skip


@pytest.mark.parametrize("critical", CRITICAL, ids=lambda p: f"{p.id} {p.severity} {p.check_paths[0]}")
def test_a_critical_policy_needs_two_approvers(critical: Policy) -> None:
    entry = VALID | {"policy": critical.id}
    (warning,) = exemptions(entry, policies=catalogue(critical)).warnings
    assert "needs two approvers" in warning
    assert exemptions(entry | {"second_approver": str(ELSIE.id)}, policies=catalogue(critical)).valid


def test_shipped_policies_on_public_access_are_critical() -> None:
    critical = {p.id for p in load().values() if is_critical(p)}
    assert {"ST1", "ST2", "KV3", "NW1", "NW6", "FL2", "IA4", "LG3", "PG1", "SQ1", "TY1"} <= critical
    assert not {"GV2", "VM9", "KV10", "ST13", "NW9"} & critical


def test_without_a_roster_an_exemption_is_ignored_with_the_fix() -> None:
    found = read({"exemptions": [VALID]}, catalogue(), file="exemptions.yaml", today=TODAY)
    assert found.valid == ()
    for part in ("in exemptions.yaml", "at exemptions[0].owner", f"found: {ADA.id}", "none yet", "people.yaml: - {id:"):
        assert part in found.warnings[0]


@pytest.mark.parametrize("missing", sorted(VALID))
def test_every_field_is_required(missing: str) -> None:
    report = evaluated(exemptions({k: v for k, v in VALID.items() if k != missing}))
    assert report.blocks
    assert missing in report.warnings[0]


@pytest.mark.parametrize("entry", [None, "all", 5, [], ["XX1"]])
def test_an_entry_of_another_shape_is_ignored(entry: Any) -> None:
    assert evaluated(exemptions(entry)).blocks


def test_an_exemption_applies_on_its_last_day_and_for_90_days() -> None:
    assert not evaluated(exemptions(VALID | {"expires": TODAY})).blocks
    assert not evaluated(exemptions(VALID | {"granted": TODAY, "expires": TODAY + timedelta(days=90)})).blocks


def test_other_resources_and_policies_are_not_exempt() -> None:
    two = catalogue(policy(), policy(id_="XX2"))
    report = evaluate(PolicyContext([store(), store("other")]), two, today=TODAY, exemptions=exemptions(VALID))
    assert [(f.policy, f.name) for f in report.findings if f.verdict is Verdict.EXEMPT] == [("XX1", "data")]
    assert len(report.blocking) == 3


def test_a_second_exemption_of_one_id_or_resource_is_ignored() -> None:
    other = VALID | {"resource": "tre-heart:storage:StorageAccount:other"}
    assert [len(e.valid) for e in (exemptions(VALID, other), exemptions(VALID, VALID | {"id": "again"}))] == [1, 1]


def test_a_broken_rule_is_never_exempt() -> None:
    broken = catalogue(policy(lambda *_: 1 / 0))  # type: ignore[arg-type, return-value]
    report = evaluate(PolicyContext([store()]), broken, today=TODAY, exemptions=exemptions(VALID))
    assert report.findings[0].verdict is Verdict.UNKNOWN


def test_an_unknown_verdict_may_be_exempt() -> None:
    assert not evaluated(exemptions(VALID), public=UNKNOWN).blocks


def test_an_unused_exemption_is_reported() -> None:
    report = evaluated(exemptions(VALID), public=False)
    assert report.warnings == ("exemption intake-sftp: it is not used; remove it",)
    assert report.findings[0].verdict is Verdict.PASS


def test_an_unused_exemption_of_another_stack_is_not_reported() -> None:
    assert evaluated(exemptions(VALID, VALID | {"id": "b", "resource": "x:storage:StorageAccount:y"})).warnings == ()


@pytest.mark.parametrize("content", [{}, {"exemptions": None}, {"exemptions": {}}, {"exemptions": [], "more": 1}])
def test_a_file_without_a_list_of_exemptions_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"exemptions\.yaml"):
        read(content, catalogue(), file="exemptions.yaml", today=TODAY)


def test_a_warning_has_no_control_characters() -> None:
    (warning,) = exemptions(VALID | {"id": "a\x1b[2J", "policy": "\x1b]0;x"}).warnings
    assert warning.isprintable()
