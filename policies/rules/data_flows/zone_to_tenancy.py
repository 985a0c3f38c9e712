"""Three controls prevent every flow from a zone to a tenancy past staging (FL1)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.reachability.flow_paths import FLOW_PATHS
from policies.reachability.forbidden_flows import FlowKind
from policies.rule_helpers.flow_findings import FIX, SUBJECTS, flow_check, has_flow

POLICY = Policy(
    id="FL1",
    title="Three controls prevent every flow from a zone to a tenancy past staging",
    why="Zones hold patients' records; staging checks and de-identifies the data for a project.",
    resource_types=SUBJECTS,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("3.1.04", "3.1.12", "2.2.09"),
        ncsc=("3", "11"),
        caf=("B4.a", "E3.b"),
        iso27001=("8.12", "8.22"),
        five_safes=("settings", "data"),
    ),
    fix=FIX,
    check=flow_check(FlowKind.PAST_STAGING),
    check_paths=FLOW_PATHS,
    applies=has_flow(FlowKind.PAST_STAGING),
    evaluation_scope="estate",
)
