"""Which change made a policy fail: the findings of a report, attributed to the steps of a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from formats.plan import Operation
from formats.urns import plain_type
from operations.diffs.meaning import BROKEN, ORDER, Meaning
from operations.diffs.model import Sense, Step
from operations.diffs.readers import Readers, place_of, steps_of, touches
from operations.diffs.text import shortened
from policies.concerns import concern_of
from policies.model import Finding, Policy, PolicyContext, Resource, Verdict, resource_of
from policies.runner import findings_of
from policies.wording import plain

_MAX_NAMES = 120
COUNTED = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.EXEMPT)
"""The verdicts of a policy that does not hold. An exemption accepts that, and does not undo it."""


class Attribution:
    """The steps that made each policy fail, and the findings that no step explains."""

    def __init__(self, findings: Iterable[Finding], steps: Sequence[Step], readers: Readers) -> None:
        self._readers, self._steps = readers, steps
        self._own: dict[tuple[str, str], list[Step]] = defaultdict(list)
        for step in steps:
            self._own[plain(step.stack), plain(step.resource.urn)].append(step)
        self._of_step: dict[int, list[Finding]] = defaultdict(list)
        unexplained: list[Finding] = []
        for finding in findings:
            if finding.verdict not in COUNTED or self._existed(finding):
                continue
            found = self._causes(finding)
            for step in found:
                self._of_step[id(step)].append(finding)
            if not found and finding.verdict is not Verdict.EXEMPT:
                unexplained.append(finding)
        self.unexplained: Sequence[Finding] = unexplained
        """The findings that block, and that no step of the plan explains, such as one on a resource option."""

    def of(self, step: Step) -> Sequence[Finding]:
        """Return the findings that a step causes."""
        return self._of_step.get(id(step), ())

    def _causes(self, finding: Finding) -> list[Step]:
        own = self._own.get((finding.stack, finding.urn), [])
        found = self._at(own, finding) or self._related(finding)
        return found or ([] if finding.verdict is Verdict.EXEMPT else own)

    def _at(self, own: Sequence[Step], finding: Finding) -> list[Step]:
        """Return the steps of the found resource: at the finding's path, or that the policy reads, or of the whole."""
        place = steps_of(finding.path)
        at = [s for s in own if s.change and place and touches(place, place_of(s.change))]
        read = [s for s in own if s.change and self._reads(finding, s)]
        whole = [s for s in own if s.change is None]
        return at or read or whole

    def _related(self, finding: Finding) -> list[Step]:
        """Return the steps of other resources that the policy reads: those that the found resource refers to or that
        refer to it, otherwise all of the stack."""
        near = [s for s in self._steps if s.stack == finding.stack and self._reads(finding, s)]
        linked = [s for s in near if finding.urn in _named(s) or _is_named(s, finding)]
        return linked or near

    def _reads(self, finding: Finding, step: Step) -> bool:
        type_ = plain_type(step.resource.type)
        if step.change is None:
            return self._readers.concerns(finding.policy, type_)
        return self._readers.reads(finding.policy, type_, place_of(step.change))

    def _existed(self, finding: Finding) -> bool:
        """True if a policy on single resources failed on the deployed resource in the same way."""
        policy = self._readers.policies[finding.policy]
        own = self._own.get((finding.stack, finding.urn), [])
        if policy.evaluation_scope != "resource" or policy.needs_config or not own:
            return False
        planned = own[0].resource
        if planned.operation is not Operation.UPDATE or planned.old_inputs is None:
            return False
        old = deployed_resource(own[0])
        before = findings_of(policy, old, PolicyContext([old]))
        return any((f.path, f.message) == (finding.path, finding.message) and f.verdict in COUNTED for f in before)


def deployed_resource(step: Step) -> Resource:
    """Return the resource of a step as it is deployed, in the form that rules read."""
    planned = step.resource
    return resource_of(replace(planned, inputs=planned.old_inputs or {}, old_inputs=None), stack=step.stack)


def _named(step: Step) -> set[str]:
    """Return the URNs that a step's resource depends on."""
    resource = step.resource
    return {*resource.dependencies, *(urn for urns in resource.property_dependencies.values() for urn in urns)}


def _is_named(step: Step, finding: Finding) -> bool:
    """True if a resource below the found one, such as a rule of a security group, has the step."""
    return step.resource.parent == finding.urn


def broken(findings: Sequence[Finding], policies: Mapping[str, Policy]) -> Sense:
    """Return the meaning of findings that a change causes: the gravest of their policies' concerns."""
    ids = tuple(dict.fromkeys(f.policy for f in findings))
    first = min(ids, key=lambda id_: (ORDER[_meaning(id_)], list(policies).index(id_)))
    more = f" (and {len(ids) - 1} more)" if len(ids) > 1 else ""
    words = _words([f for f in findings if f.policy == first])
    return Sense(_meaning(first), f"{words}: {policies[first].title}{more}", ids)


def _meaning(policy: str) -> Meaning:
    return BROKEN[concern_of(policy)]


def _words(findings: Sequence[Finding]) -> str:
    """Return what became of one policy. `findings`: its own."""
    verdicts = {one.verdict for one in findings}
    if Verdict.FAIL in verdicts:
        return "Does not hold"
    if Verdict.EXEMPT not in verdicts:
        return "Cannot be told to hold"
    names = ", ".join(dict.fromkeys(one.exemption for one in findings if one.exemption))
    by = f"the exemption {shortened(names, _MAX_NAMES)}" if names else "an exemption"
    return f"Breaks {findings[0].policy}, which {by} accepts"
