"""Three controls prevent every flow from a tenancy to the Internet past the airlock (FL2)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.reachability.flow_paths import FLOW_PATHS
from policies.reachability.forbidden_flows import FlowKind
from policies.rule_helpers.flow_findings import FIX, SUBJECTS, flow_check, has_flow

POLICY = Policy(
    id="FL2",
    title="Three controls prevent every flow from a tenancy to the Internet past the airlock",
    why="One mistake must not be enough for data to leave. Results leave through the airlock only, where a checker "
    "releases them.",
    resource_types=SUBJECTS,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("3.1.05", "3.1.12", "2.2.11"),
        ncsc=("3", "11"),
        caf=("B4.a", "B5.b", "E3.b"),
        iso27001=("8.12", "8.22"),
        five_safes=("settings", "outputs"),
    ),
    fix=FIX,
    check=flow_check(FlowKind.PAST_AIRLOCK),
    check_paths=FLOW_PATHS,
    applies=has_flow(FlowKind.PAST_AIRLOCK),
    evaluation_scope="estate",
)
