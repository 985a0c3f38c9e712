"""A merged report has the findings of all its reports, each once."""

from __future__ import annotations

from dataclasses import replace

from operations.reports.merged import merged
from operations.reports.report_formats import as_json
from policies.model import Verdict
from tests.operations.reports.samples import passing, report


def test_one_report_stays_as_it_is() -> None:
    assert as_json(merged([report()])) == as_json(report())


def test_the_findings_of_all_reports_are_there_once() -> None:
    other = replace(passing(), stacks=("tre-other",), is_complete=True, plans={"tre-other": "sha256:def"})
    found = merged([report(), other, report()])
    assert set(found.findings) == {*report().findings, *other.findings}
    assert found.counts[Verdict.FAIL] == report().counts[Verdict.FAIL]
    assert found.stacks == (*report().stacks, "tre-other")
    assert (found.exemptions, found.warnings) == (report().exemptions, report().warnings)
    assert found.is_complete is True
    assert found.resources == report().resources + other.resources, "the second report is on the same stack"
    assert found.plans == {"tre-heart": "sha256:abc", "tre-other": "sha256:def"}
    assert found.blocks
