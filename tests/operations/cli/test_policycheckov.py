"""`sde policy checkov`: what it shows of Checkov's report, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from formats.plan import Plan
from operations.reports import checkov
from operations.reports.checkov import CheckovReport, CheckovResult
from tests.operations.cli.fakes import Desk

PASSED = CheckovResult("CKV_AZURE_3", "HTTPS only", "passed", "platform", "Microsoft.Storage/storageAccounts.st")
SKIPPED = CheckovResult(
    "CKV_AZURE_36", "trusted", "skipped", "platform", "Microsoft.Storage/storageAccounts.st", "as ST2 has it"
)
FAILED = CheckovResult("CKV_SDE_ST3", "no keys", "failed", "platform", "Microsoft.Storage/storageAccounts.st")


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> list[CheckovResult]:
    """What Checkov says of whatever it is given."""
    said: list[CheckovResult] = [PASSED, SKIPPED]

    def scanned(plans: Sequence[Plan]) -> CheckovReport:
        return CheckovReport("3", tuple(p.stack for p in plans), 2, tuple(said))

    monkeypatch.setattr(checkov, "scanned", scanned)
    return said


def test_what_was_let_off_is_shown_with_its_reason(desk: Desk, says: list[CheckovResult]) -> None:
    assert desk("policy", "checkov", "platform") == 0
    assert "CKV_AZURE_36" in desk.out
    assert "as ST2 has it" in desk.out
    assert "1 stacks, 2 resources, 1 passed, 1 skipped, 0 failed" in desk.out
    assert "unused suppressions: CKV_AZURE_50" in desk.out


def test_a_failure_that_is_not_suppressed_is_a_refusal(desk: Desk, says: list[CheckovResult]) -> None:
    says.append(FAILED)
    assert desk("policy", "checkov", "platform") == 3
    assert "CKV_SDE_ST3" in desk.out
    assert "suppressions.yaml" in desk.err


def test_it_is_told_as_json(desk: Desk, says: list[CheckovResult]) -> None:
    says.append(FAILED)
    assert desk("policy", "checkov", "platform", "--json") == 3
    (told,) = [line for line in desk.lines if line["event"] == "checkov"]
    assert told["counts"] == {"passed": 1, "failed": 1, "skipped": 1}
    assert [f["check"] for f in told["findings"]] == ["CKV_AZURE_36", "CKV_SDE_ST3"]
