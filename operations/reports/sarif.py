"""Verdicts as SARIF 2.1.0, which code scanning and most security tools read. Exemptions are its suppressions.

What a person must look at is a result: what fails, what cannot be told, what is exempt. What passes is counted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from policies.exemptions import Exemption
from policies.model import Finding, Policy, Severity, Verdict
from policies.runner import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "3.0"}
"""What code scanning sorts by, on the scale of CVSS."""
STANDARDS = {"satre": "SATRE", "ncsc": "NCSC", "cis": "CIS", "iso27001": "ISO 27001", "five_safes": "Five Safes"}
SHOWN = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.EXEMPT)


def sarif(report: Report) -> str:
    """The report as one SARIF log of one run."""
    rules = {id_: index for index, id_ in enumerate(report.policies)}
    exemptions = {e.id: e for e in report.exemptions}
    results = [_result(f, report.policies[f.policy], rules[f.policy], exemptions.get(f.exemption))
               for f in report.findings if f.verdict in SHOWN]  # fmt: skip
    run = {
        "tool": {"driver": {"name": "sde policy", "rules": [_rule(p) for p in report.policies.values()]}},
        "automationDetails": {"id": "sde-policy/"},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {
            "plans": dict(report.plans),
            "resources": report.resources,
            "counts": {verdict.value: count for verdict, count in report.counts.items()},
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _invocation(report: Report) -> dict[str, Any]:
    notes = [{"level": "warning", "message": {"text": warning}} for warning in report.warnings]
    return {"executionSuccessful": True, **({"toolConfigurationNotifications": notes} if notes else {})}


def _rule(policy: Policy) -> dict[str, Any]:
    return {
        "id": policy.id,
        "shortDescription": {"text": policy.title},
        "fullDescription": {"text": policy.why},
        "help": {"text": policy.fix},
        "defaultConfiguration": {"level": LEVELS[policy.severity]},
        "properties": {
            "tags": ["security", *tags(policy)],
            "security-severity": SCORES[policy.severity],
            "severity": policy.severity.value,
            "precision": "very-high",
        },
    }


def tags(policy: Policy) -> list[str]:
    """What the policy is evidence for, as `SATRE 2.2.09`."""
    return [f"{name} {number}" for key, name in STANDARDS.items() for number in getattr(policy.controls, key)]


def _result(finding: Finding, policy: Policy, index: int, exemption: Exemption | None) -> dict[str, Any]:
    told = "" if finding.verdict is not Verdict.UNKNOWN else "It cannot be told whether this holds. "
    text = f"{told}{policy.title}: {finding.name} {finding.path} {finding.message}".strip()
    return {
        "ruleId": finding.policy,
        "ruleIndex": index,
        "kind": "fail",
        "level": LEVELS[policy.severity],
        "message": {"text": text},
        "locations": [_location(finding)],
        "partialFingerprints": {"sdeFinding/v1": _fingerprint(finding)},
        "suppressions": [_suppression(exemption)] if exemption else [],
        "properties": {"verdict": finding.verdict.value, "stack": finding.stack, "path": finding.path},
    }


def _location(finding: Finding) -> dict[str, Any]:
    """Where the resource is declared, as near as a plan tells: its stack's configuration."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(f"Pulumi.{finding.stack}.yaml", safe="")},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {"name": finding.name, "fullyQualifiedName": finding.urn, "kind": "resource",
             "properties": {"type": finding.type}}
        ],
    }  # fmt: skip


def _fingerprint(finding: Finding) -> str:
    """The same for the same thing wrong with the same resource, whatever the message says of it today."""
    return hashlib.sha256("\0".join((finding.policy, finding.urn, finding.path)).encode()).hexdigest()


def _suppression(exemption: Exemption) -> Mapping[str, Any]:
    return {
        "kind": "external",
        "status": "accepted",
        "justification": f"{exemption.reason} Instead: {exemption.compensating_control}",
        "properties": {
            "exemption": exemption.id,
            "owner": exemption.owner,
            "approver": exemption.approver,
            "granted": exemption.granted.isoformat(),
            "expires": exemption.expires.isoformat(),
        },
    }
