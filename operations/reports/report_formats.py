"""The formats of a report by name, and the functions that write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from operations.reports.junit import junit
from operations.reports.matrix import html, markdown
from operations.reports.sarif import sarif
from policies.model import Finding, Policy
from policies.runner import Report


def policy_facts(policy: Policy) -> dict[str, Any]:
    """Return a policy as plain JSON."""
    return {
        "id": policy.id,
        "title": policy.title,
        "why": policy.why,
        "on": list(policy.resource_types),
        "reads": list(policy.check_paths),
        "severity": policy.severity,
        "scope": policy.evaluation_scope,
        "fix": policy.fix,
        "checkov": list(policy.checkov),
        "controls": asdict(policy.controls),
    }


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON, with every finding, including passes."""
    return {
        "verdict": report.verdict,
        "catalogue": report.catalogue.to_json() if report.catalogue else None,
        "day": report.today.isoformat(),
        "whole": report.is_complete,
        "stacks": list(report.stacks),
        "resources": report.resources,
        "plans": dict(report.plans),
        "counts": {verdict.value: count for verdict, count in report.counts.items()},
        "warnings": list(report.warnings),
        "remarks": list(report.notes),
        "exemptions": [e.to_json() for e in report.exemptions],
        "policies": [policy_facts(policy) for policy in report.policies.values()],
        "findings": [_finding(f) for f in report.findings],
        "inherited": [
            {**_finding(p.finding), "recorded_by": str(p.run), "causes": list(p.causes)} for p in report.preexisting
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {key: value for key, value in asdict(finding).items() if value != ""}


def _json(report: Report) -> str:
    return json.dumps(as_json(report), ensure_ascii=False, indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "json": _json,
    "junit": junit,
    "sarif": sarif,
    "html": html,
    "markdown": markdown,
}


def written(report: Report, format_: str) -> str:
    """Return the report in one format, ending with a line break."""
    return FORMATS[format_](report)
