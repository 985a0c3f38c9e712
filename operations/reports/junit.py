"""Write a report as JUnit XML, with a test suite for each policy and a test case for each finding."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from policies.model import Finding, Policy, Verdict
from policies.runner import Report


def junit(report: Report) -> str:
    """Return the report as JUnit XML. Fail is a failure, unknown an error, and exempt is skipped."""
    root = Element("testsuites", {"name": "sde policy", **_counts(report.findings)})
    for id_, policy in report.policies.items():
        _suite(root, policy, report.of(id_), report)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, policy: Policy, findings: tuple[Finding, ...], report: Report) -> None:
    suite = SubElement(root, "testsuite", {"name": f"{policy.id} {policy.title}", **_counts(findings)})
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", name="severity", value=policy.severity)
    SubElement(properties, "property", name="verdict", value=report.verdict)
    if report.catalogue:
        SubElement(properties, "property", name="catalogue", value=str(report.catalogue))
    for stack, digest in report.plans.items():
        SubElement(properties, "property", name=f"plan {stack}", value=digest)
    for finding in findings:
        _case(suite, policy, finding)
    if report.warnings:
        SubElement(suite, "system-err").text = "\n".join(report.warnings)


def _case(suite: Element, policy: Policy, finding: Finding) -> None:
    where = f" {finding.path}" if finding.path else ""
    name = f"{finding.type} {finding.name}{where}"
    case = SubElement(suite, "testcase", classname=f"{finding.stack}.{policy.id}", name=name, time="0")
    match finding.verdict:
        case Verdict.FAIL:
            _why(case, "failure", policy, finding)
        case Verdict.UNKNOWN:
            _why(case, "error", policy, finding)
        case Verdict.EXEMPT:
            SubElement(case, "skipped", message=f"exempt by {finding.exemption}: {finding.message}")
        case Verdict.NOT_APPLICABLE:
            SubElement(case, "skipped", message=f"not applicable {finding.message}".strip())


def _why(case: Element, kind: str, policy: Policy, finding: Finding) -> None:
    element = SubElement(case, kind, message=f"{finding.path} {finding.message}".strip(), type=policy.severity)
    element.text = f"{finding.urn}\nwhy: {policy.why}\nfix: {policy.fix}"


def _counts(findings: tuple[Finding, ...]) -> dict[str, str]:
    kinds = {
        "tests": tuple(Verdict),
        "failures": (Verdict.FAIL,),
        "errors": (Verdict.UNKNOWN,),
        "skipped": (Verdict.EXEMPT, Verdict.NOT_APPLICABLE),
    }
    return {name: str(sum(f.verdict in verdicts for f in findings)) for name, verdicts in kinds.items()}
