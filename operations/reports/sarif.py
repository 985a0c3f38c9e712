"""Write a report as SARIF 2.1.0. The results are the findings that fail, are unknown or are exempt; an exemption is a
suppression. Of the other verdicts only the numbers are written, in the run's properties."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from formats.urns import stack_of
from operations.export.template_text import lines_of
from policies.exemptions import Exemption
from policies.model import Finding, Policy, Severity, Verdict
from policies.runner import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
"""The SARIF level of a failing result, by the policy's severity."""
SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "3.0"}
"""GitHub's `security-severity` by the policy's severity: one score within the CVSS range of that severity."""
STANDARDS = {"satre": "SATRE", "ncsc": "NCSC", "caf": "CAF", "cyber_essentials": "Cyber Essentials", "cis": "CIS",
             "iso27001": "ISO 27001", "five_safes": "Five Safes"}  # fmt: skip
"""The display names of the standards, by field of `ComplianceControls`."""
REPORTED_VERDICTS = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.EXEMPT)
"""The verdicts of the findings that become results."""


def sarif(report: Report) -> str:
    """Return the report as a SARIF log with one run."""
    rules = {id_: index for index, id_ in enumerate(report.policies)}
    exemptions = {e.id: e for e in report.exemptions}
    lines = _lines(report)
    results = [_result(f, report, rules[f.policy], exemptions.get(f.exemption), lines.get(f.urn))
               for f in report.findings if f.verdict in REPORTED_VERDICTS]  # fmt: skip
    run = {
        "tool": {"driver": {"name": "sde policy", "rules": [_rule(p) for p in report.policies.values()]}},
        "automationDetails": {"id": "sde-policy/"},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {
            "verdict": report.verdict,
            "catalogue": report.catalogue.to_json() if report.catalogue else None,
            "plans": dict(report.plans),
            "resources": report.resources,
            "counts": {verdict.value: count for verdict, count in report.counts.items()},
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _invocation(report: Report) -> dict[str, Any]:
    notes = [{"level": "warning", "message": {"text": warning}} for warning in report.warnings]
    notes += [{"level": "note", "message": {"text": remark}} for remark in report.remarks]
    return {"executionSuccessful": True, **({"toolConfigurationNotifications": notes} if notes else {})}


def _lines(report: Report) -> dict[str, int]:
    """Return the line of each resource of a template in its file, by URN."""
    by_stack = {stack: lines_of(Path(report.files[stack])) for stack in {stack_of(urn) for urn in report.places}}
    found = {urn: by_stack[stack_of(urn)].get(place) for urn, place in report.places.items()}
    return {urn: line for urn, line in found.items() if line is not None}


def _rule(policy: Policy) -> dict[str, Any]:
    return {
        "id": policy.id,
        "shortDescription": {"text": policy.title},
        "fullDescription": {"text": policy.why},
        "help": {"text": policy.fix},
        "defaultConfiguration": {"level": LEVELS[policy.severity]},
        "properties": {
            "tags": ["security", *_compliance_tags(policy)],
            "security-severity": SCORES[policy.severity],
            "severity": policy.severity.value,
            "precision": "very-high",
        },
    }


def _compliance_tags(policy: Policy) -> list[str]:
    """Return the standards' requirements that a policy is evidence for, each as a SARIF tag such as `SATRE 2.2.09`."""
    return [f"{name} {number}" for key, name in STANDARDS.items() for number in getattr(policy.controls, key)]


def _result(
    finding: Finding, report: Report, index: int, exemption: Exemption | None, line: int | None
) -> dict[str, Any]:
    policy, is_open = report.policies[finding.policy], finding.verdict is Verdict.UNKNOWN
    reason = "Unknown before the deployment. " if is_open else ""
    return {
        "ruleId": finding.policy,
        "ruleIndex": index,
        "kind": "open" if is_open else "fail",
        "level": "none" if is_open else LEVELS[policy.severity],
        "message": {"text": f"{reason}{policy.title}: {finding.name} {finding.path} {finding.message}".strip()},
        "locations": [_location(finding, report.files.get(finding.stack), line)],
        "partialFingerprints": {"sdeFinding/v1": _fingerprint(finding)},
        "suppressions": [_suppression(exemption)] if exemption else [],
        "properties": {"verdict": finding.verdict.value, "stack": finding.stack, "path": finding.path},
    }


def _location(finding: Finding, file: str | None, line: int | None) -> dict[str, Any]:
    """Return the resource as the location, and the file if the plan was read from one. Only a resource of a template
    has a line: a plan does not contain the program's lines."""
    resource = {"name": finding.name, "fullyQualifiedName": finding.urn, "kind": "resource",
                "properties": {"type": finding.type}}  # fmt: skip
    location: dict[str, Any] = {"logicalLocations": [resource]}
    if file:
        region = {"region": {"startLine": line}} if line else {}
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(Path(file))}, **region}
    return location


def _uri(file: Path) -> str:
    return file.as_uri() if file.is_absolute() else quote(file.as_posix())


def _fingerprint(finding: Finding) -> str:
    """Return the fingerprint by which the results of two runs are matched. It does not depend on the message."""
    return hashlib.sha256("\0".join((finding.policy, finding.urn, finding.path)).encode()).hexdigest()


def _suppression(exemption: Exemption) -> Mapping[str, Any]:
    return {
        "kind": "external",
        "status": "accepted",
        "justification": f"{exemption.reason} Instead: {exemption.compensating_control}",
        "properties": {
            "exemption": exemption.id,
            "owner": exemption.owner.name,
            "approver": exemption.approvers,
            "granted": exemption.granted.isoformat(),
            "expires": exemption.expires.isoformat(),
        },
    }
