"""`sde policy checkov`: output and exit codes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from formats.plan import Plan
from operations.cli import policycheckov
from operations.reports.checkov import CheckovReport, CheckovResult
from tests.operations.cli.fakes import CliRunner

PASSED = CheckovResult("CKV_AZURE_3", "HTTPS only", "passed", "platform", "Microsoft.Storage/storageAccounts.st")
SKIPPED = CheckovResult(
    "CKV_AZURE_36", "trusted", "skipped", "platform", "Microsoft.Storage/storageAccounts.st", "as ST2 has it"
)
FAILED = CheckovResult("CKV_SDE_ST3", "no keys", "failed", "platform", "Microsoft.Storage/storageAccounts.st")


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[CheckovResult]:
    """The results of a fake Checkov run."""
    said: list[CheckovResult] = [PASSED, SKIPPED]

    def scan(plans: Sequence[Plan]) -> CheckovReport:
        return CheckovReport("3", tuple(p.stack for p in plans), 2, tuple(said))

    monkeypatch.setattr(policycheckov, "scan", scan)
    return said


def test_a_suppressed_check_is_shown_with_its_reason(sde: CliRunner, results: list[CheckovResult]) -> None:
    assert sde("policy", "checkov", "platform") == 0
    assert "CKV_AZURE_36" in sde.out
    assert "as ST2 has it" in sde.out
    assert "1 stacks, 2 resources, 1 passed, 1 skipped, 0 failed" in sde.out
    assert re.search(r"unused suppressions: .*\bCKV_AZURE_50\b", sde.out)


def test_an_unsuppressed_failure_is_refused(sde: CliRunner, results: list[CheckovResult]) -> None:
    results.append(FAILED)
    assert sde("policy", "checkov", "platform") == 3
    assert "CKV_SDE_ST3" in sde.out
    assert "suppressions.yaml" in sde.err


def test_the_report_is_available_as_json(sde: CliRunner, results: list[CheckovResult]) -> None:
    results.append(FAILED)
    assert sde("policy", "checkov", "platform", "--json") == 3
    (report,) = [line for line in sde.lines if line["event"] == "checkov"]
    assert report["counts"] == {"passed": 1, "failed": 1, "skipped": 1}
    assert [f["check"] for f in report["findings"]] == ["CKV_AZURE_36", "CKV_SDE_ST3"]
