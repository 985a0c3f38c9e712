"""The findings on templates: also those with the defaults of parameters, and the causes of unknown ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from formats.errors import InputError
from formats.plan import Plan
from formats.unknown_values import Cause, CauseKind, causes_at, causes_in
from operations.reports.open_values import shortened
from policies.model import Finding, Verdict
from policies.runner import Report
from policies.values_at_paths import NOT_KNOWN

if TYPE_CHECKING:
    from operations.export.template_reader import TemplatePlans

MAX_DEFAULTS = 3
"""The maximum number of parameters that a finding names."""
ESTATE = "estate"


class TemplateValues:
    """The unknown values of a template's Plan, by resource."""

    def __init__(self, plan: Plan) -> None:
        self._inputs = {resource.urn: resource.inputs for resource in plan.resources}

    def causes(self, finding: Finding) -> frozenset[Cause]:
        """Return the causes for which a finding is unknown; those of the whole resource or template if the rule does
        not say at which of its values."""
        if finding.verdict is not Verdict.UNKNOWN or finding.message != NOT_KNOWN:
            return frozenset()
        inputs = self._inputs.get(finding.urn, {})
        try:
            found = causes_at(inputs, finding.path)
        except InputError:
            found = frozenset()
        return found or frozenset(causes_in(inputs)) or self._all

    @cached_property
    def _all(self) -> frozenset[Cause]:
        return frozenset(causes_in(list(self._inputs.values())))


def with_defaults(report: Report, by_default: Report | None, templates: Mapping[str, TemplatePlans]) -> Report:
    """Return the report on templates, with the failures that occur if the defaults of their parameters are taken.

    `by_default`: the report on the Plans with defaults. `templates`: the Plans of each template, by stack.
    """
    open_ = {stack: TemplateValues(template.plan) for stack, template in templates.items()}
    plans = {stack: template.with_defaults for stack, template in templates.items()}
    defaults = {stack: TemplateValues(plan) for stack, plan in plans.items() if plan}
    found = _grouped(by_default.findings) if by_default else {}
    findings: list[Finding] = []
    causes: dict[Finding, frozenset[Cause]] = {}
    for key, group in _grouped(report.findings).items():
        if group[0].stack not in open_:
            findings += group
            continue
        reasons = {finding: open_[finding.stack].causes(finding) for finding in group}
        for finding, reason in _merged(reasons, found.get(key, ()), defaults.get(group[0].stack)):
            findings.append(finding)
            if reason:
                causes[finding] = reason
    remarks = (*report.remarks, *_remarks(report))
    return replace(report, findings=tuple(findings), causes=causes, remarks=remarks, places=_places(report, templates))


def _places(report: Report, templates: Mapping[str, TemplatePlans]) -> dict[str, str]:
    """Return the path in its file of each resource that has a blocking finding, by URN."""
    places = {urn: place for template in templates.values() for urn, place in template.places.items()}
    return {finding.urn: places[finding.urn] for finding in report.blocking if finding.urn in places}


def _merged(
    reasons: Mapping[Finding, frozenset[Cause]], by_default: Sequence[Finding], defaults: TemplateValues | None
) -> Iterator[tuple[Finding, frozenset[Cause]]]:
    """Yield the findings of one policy on one resource. A failure with defaults replaces an unknown finding; a pass
    does not, because a deployment may give other values."""
    unknown = [finding for finding in reasons if finding.verdict is Verdict.UNKNOWN]
    failed = [f for f in by_default if f.verdict is Verdict.FAIL and f not in reasons]
    still_unknown = [f for f in by_default if f.verdict is Verdict.UNKNOWN and f not in reasons]
    for finding, reason in reasons.items():
        if not reason or not (failed or still_unknown):
            yield finding, reason
    if not unknown:
        return
    reason = frozenset(cause for finding in unknown for cause in reasons[finding])
    for finding in failed:
        yield replace(finding, message=f"{finding.message} ({_if_taken(reason)})"), frozenset()
    for finding in still_unknown:
        own = defaults.causes(finding) if defaults else frozenset()
        yield finding, own and own | reason


def _if_taken(causes: frozenset[Cause]) -> str:
    names = sorted(cause.name for cause in causes if cause.kind is CauseKind.PARAMETER)
    if not names:
        return "if the defaults of the parameters are taken"
    what, verb = ("default", "is") if len(names) == 1 else ("defaults", "are")
    return f"if the {what} of {shortened(names, MAX_DEFAULTS)} {verb} taken"


def _grouped(findings: Sequence[Finding]) -> dict[tuple[str, str], list[Finding]]:
    """Return the findings by policy and resource."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.policy, finding.urn), []).append(finding)
    return found


def _remarks(report: Report) -> Iterator[str]:
    """Yield one line on the policies that templates cannot show, instead of one for each resource."""
    between = [policy.id for policy in report.policies.values() if policy.evaluation_scope == ESTATE]
    if not report.is_complete:
        yield f"Not evaluated, because a template does not show the other stacks of an estate: {', '.join(between)}."
        return
    flows = [id_ for id_ in between if id_.startswith("FL")]
    yield f"Not evaluated, because a template does not show which identity a principal is: {', '.join(flows)}."
