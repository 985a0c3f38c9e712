"""The control matrix of what is deployed."""

from __future__ import annotations

from dataclasses import replace

from operations.reports.matrix import Matrix
from operations.site import controls_page
from operations.site.controls_page import Counts, control_row
from policies.model import ComplianceControls, Verdict
from tests.operations.reports.samples import HOSTILE, report
from tests.operations.site.rendering import EMPTY, foreign, html_of, text_of


def test_a_control_has_the_worst_outcome_and_its_checks() -> None:
    found = report()
    row = next(row for chapter in Matrix(found).chapters for row in map(control_row, chapter.controls) if row.policies)
    assert row.outcome.text == "does not hold"
    assert row.counts == Counts(1, 1, 1, 1)
    assert row.policies == ("XX1",)
    assert row.idle == ("XX2",)


def test_what_nothing_was_judged_for_never_holds() -> None:
    found = report()
    judged = {id_: policy for id_, policy in found.policies.items() if id_ == "XX2"}
    only = replace(found, policies=judged, findings=tuple(f for f in found.findings if f.policy == "XX2"))
    assert {finding.verdict for finding in only.findings} == {Verdict.NOT_APPLICABLE}
    text = text_of(html_of(replace(EMPTY, policies=only), controls_page.pages)["controls.html"])
    assert "– nothing was judged 0 0 0 0 0 judged nothing: XX2" in text
    assert "✓ holds" not in text


def test_controls_without_a_policy_are_named() -> None:
    text = text_of(html_of(replace(EMPTY, policies=report()), controls_page.pages)["controls.html"])
    assert "controls that no policy is evidence for" in text
    assert "2.2.11" in text


def test_hostile_names_are_text() -> None:
    found = report()
    policies = {id_: replace(policy, title=HOSTILE, controls=ComplianceControls(satre=("2.2.09", HOSTILE)))
                for id_, policy in found.policies.items()}  # fmt: skip
    facts = replace(EMPTY, policies=replace(found, policies=policies, warnings=(HOSTILE,)))
    assert not foreign(html_of(facts, controls_page.pages)["controls.html"])


def test_an_estate_without_stacks_has_no_evidence() -> None:
    assert "nothing was judged: no control has evidence" in text_of(
        html_of(EMPTY, controls_page.pages)["controls.html"]
    )
