"""Three controls prevent every flow from one project to another (FL3)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.reachability.flow_paths import FLOW_PATHS
from policies.reachability.forbidden_flows import FlowKind
from policies.rule_helpers.flow_findings import FIX, SUBJECTS, flow_check, has_flow

POLICY = Policy(
    id="FL3",
    title="Three controls prevent every flow from one project to another",
    why="Each project was approved for its own people and data; one mistake must not connect two.",
    resource_types=SUBJECTS,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10", "3.1.12"),
        ncsc=("3", "11"),
        caf=("B4.a", "B5.b", "E3.b"),
        iso27001=("8.12", "8.22"),
        five_safes=("settings", "projects"),
    ),
    fix=FIX,
    check=flow_check(FlowKind.BETWEEN_PROJECTS),
    check_paths=FLOW_PATHS,
    applies=has_flow(FlowKind.BETWEEN_PROJECTS),
    evaluation_scope="estate",
)
