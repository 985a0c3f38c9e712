"""Three controls prevent every flow between a provider and another provider's container (FL4)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.reachability.flow_paths import FLOW_PATHS
from policies.reachability.forbidden_flows import FlowKind
from policies.rule_helpers.flow_findings import FIX, flow_check, has_flow

POLICY = Policy(
    id="FL4",
    title="Three controls prevent every flow between a provider and another provider's container",
    why="Each provider is responsible for its own patients' records, and must neither read nor change those of "
    "another.",
    resource_types=("storage:BlobContainer", "keyvault:Vault"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("3.1.04", "3.1.12", "3.2.03"),
        ncsc=("3", "11"),
        caf=("B4.a",),
        iso27001=("8.12", "8.22"),
        five_safes=("settings", "data"),
    ),
    fix=FIX,
    check=flow_check(FlowKind.BETWEEN_PROVIDERS),
    check_paths=FLOW_PATHS,
    applies=has_flow(FlowKind.BETWEEN_PROVIDERS),
    evaluation_scope="estate",
)
