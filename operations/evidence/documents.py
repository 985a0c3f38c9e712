"""The JSON documents of a pack: a claim, what a policy judged, and the flows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from operations.evidence.claims import Claim
from operations.evidence.facts import Facts, FlowFacts
from operations.evidence.standards import SHORT_NAMES, standards, statements
from operations.reports.matrix import Evidence
from policies.model import Finding, Verdict
from policies.reachability.forbidden_flows import FlowKind
from policies.runner import Report

FLOWS, CERTIFICATE = "flows/flows.json", "flows/certificate.json"
LEDGER_ENTRIES, LEDGER_CHECKPOINT = "ledger/entries.json", "ledger/checkpoint"
NOT_PASSED = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.EXEMPT)


def to_text(value: Any) -> str:
    """Return JSON for people and programs. Everything beyond ASCII is escaped, so that no name reorders a line."""
    return json.dumps(value, indent=1) + "\n"


def policy_path(policy: str) -> str:
    """Return the path of what a policy judged. Its id is from the catalogue."""
    return f"policies/{policy}.json"


def claim_json(claim: Claim, facts: Facts) -> dict[str, Any]:
    """Return a claim with its evidence."""
    control, standard = claim.control, standards()[claim.control.standard]
    statement = statements().get(control.number) if control.standard == "satre" else None
    return {
        "control": control.name,
        "standard": standard.title,
        "title": control.title,
        "statement": statement.statement if statement else None,
        "importance": statement.importance if statement else None,
        "outcome": claim.outcome.value,
        "reasons": list(claim.reasons),
        "evidence": [_evidence_json(one, facts.report) for one in claim.evidence],
        "exemptions": [one.to_json() for one in claim.exemptions],
        "flows": [flow_name(one) for one in claim.flows],
        "stacks": list(claim.stacks),
        "ledger": _ledger_json(claim.stacks, facts),
    }


def _evidence_json(evidence: Evidence, report: Report) -> dict[str, Any]:
    policy = evidence.policy
    return {
        "policy": policy.id,
        "title": policy.title,
        "severity": policy.severity.value,
        "judged": evidence.resources,
        "remark": None if evidence.resources else "it judged nothing: no deployed resource is one that it is about",
        "counts": _counts(evidence),
        "findings": [finding_json(one) for one in report.of(policy.id) if one.verdict in NOT_PASSED],
        "resources": policy_path(policy.id),
    }


def _ledger_json(stacks: Collection[str], facts: Facts) -> dict[str, Any] | None:
    if facts.ledger is None:
        return None
    numbers = {name: list(facts.ledger.stacks.get(name, ())) for name in stacks}
    return {"entries": numbers, "extract": LEDGER_ENTRIES, "checkpoint": LEDGER_CHECKPOINT}


def policy_json(evidence: Evidence, report: Report) -> dict[str, Any]:
    """Return every resource that a policy judged, with its verdict."""
    policy = evidence.policy
    judged = [one for one in report.of(policy.id) if one.verdict is not Verdict.NOT_APPLICABLE]
    return {
        "policy": policy.id,
        "title": policy.title,
        "why": policy.why,
        "severity": policy.severity.value,
        "scope": policy.evaluation_scope,
        "types": list(policy.resource_types),
        "controls": {SHORT_NAMES[key]: list(numbers) for key, numbers in vars(policy.controls).items() if numbers},
        "counts": _counts(evidence),
        "resources": [finding_json(one) for one in judged],
    }


def finding_json(finding: Finding) -> dict[str, str]:
    """Return one verdict."""
    found = {"stack": finding.stack, "urn": finding.urn, "verdict": finding.verdict.value, "path": finding.path,
             "message": finding.message, "exemption": finding.exemption}  # fmt: skip
    return {key: value for key, value in found.items() if value}


def _counts(evidence: Evidence) -> Mapping[str, int]:
    return {verdict.value: evidence.counts.get(verdict, 0) for verdict in Verdict}


def flow_name(kind: FlowKind) -> str:
    """Return the name of a kind of flow in JSON."""
    return kind.name.lower().replace("_", "-")


def flows_json(flows: FlowFacts, kinds: Collection[FlowKind], digest: str) -> dict[str, Any]:
    """Return the forbidden flows of some kinds, each with the controls that prevent it and its weakest paths."""
    content = flows.report.to_json()
    names = {flow_name(kind) for kind in kinds}
    return {**content, "flows": [one for one in content["flows"] if one["flow"] in names],
            "certificate": {"file": CERTIFICATE, "digest": digest}}  # fmt: skip


def kinds_of(claims: Sequence[Claim]) -> Sequence[FlowKind]:
    """Return the kinds of flow that some claims rest on."""
    return list(dict.fromkeys(kind for claim in claims for kind in claim.flows))
