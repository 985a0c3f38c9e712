"""The storage of a cell's flow logs, and the flow logs that it holds."""

from __future__ import annotations

from tests.infra.mock_stack import MockStack

YEAR = 365


def test_a_flow_log_adds_no_lifecycle_rule(platform: MockStack) -> None:
    (log,) = platform.of("FlowLog")
    assert log.inputs["retentionPolicy"] == {"enabled": False, "days": 0}


def test_records_and_their_versions_end_after_a_year(platform: MockStack) -> None:
    (rule,) = platform.one("ManagementPolicy", "flows").inputs["policy"]["rules"]
    assert rule["definition"]["actions"] == {
        "baseBlob": {"delete": {"daysAfterModificationGreaterThan": YEAR}},
        "version": {"delete": {"daysAfterCreationGreaterThan": YEAR}},
    }
    assert "prefixMatch" not in rule["definition"]["filters"]
