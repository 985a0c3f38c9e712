"""The claim on each control: whether it is met, by which evidence, and what is missing.

A control is met if at least one of its policies judged at least one resource, every verdict is a pass, and every stack
has the evidence that a stack of its kind and configuration has (`required.py`). It is not met if a policy fails or is
unknown, if evidence is missing, or if nothing was judged. A control without a policy is not judged, which is neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from operations.evidence.facts import Facts
from operations.evidence.required import named, required
from operations.evidence.standards import Control
from operations.reports.matrix import Evidence, evidence_of
from policies.exemptions import Exemption
from policies.model import Finding, Verdict
from policies.reachability.forbidden_flows import FlowKind
from policies.runner import NEEDS_CONFIG

FLOW_POLICIES: Mapping[str, FlowKind] = {
    "FL1": FlowKind.PAST_STAGING,
    "FL2": FlowKind.PAST_AIRLOCK,
    "FL3": FlowKind.BETWEEN_PROJECTS,
    "FL4": FlowKind.BETWEEN_PROVIDERS,
}
"""The policies on forbidden flows, each with its kind of flow."""
NOTHING = "nothing was judged: no deployed resource is one that its policies are about"
_MOST_STACKS = 5


class Outcome(StrEnum):
    """The outcome of a claim."""

    MET = "met"
    WITH_EXEMPTIONS = "met, with exemptions"
    NOT_MET = "not met"
    NOT_JUDGED = "not judged"
    """No policy is evidence for it. This is said, and nothing else."""


@dataclass(frozen=True)
class Claim:
    """The claim on one control."""

    control: Control
    outcome: Outcome
    reasons: tuple[str, ...]
    """Why it is not met, or not judged; empty where it is met."""
    evidence: tuple[Evidence, ...]
    """The results of its policies."""
    exemptions: tuple[Exemption, ...]
    """The exemptions from its policies that were used."""
    stacks: tuple[str, ...]
    """The stacks in which a policy of it judged something."""

    @property
    def judged(self) -> int:
        """The number of verdicts on single resources."""
        return sum(one.resources for one in self.evidence)

    @property
    def flows(self) -> tuple[FlowKind, ...]:
        """The kinds of forbidden flow that its policies are about."""
        return tuple(FLOW_POLICIES[one.policy.id] for one in self.evidence if one.policy.id in FLOW_POLICIES)


@dataclass(frozen=True)
class Claims:
    """Makes the claims of an estate."""

    facts: Facts

    def of(self, controls: Sequence[Control]) -> list[Claim]:
        """Return the claims on some controls."""
        return [self._of(control) for control in controls]

    def _of(self, control: Control) -> Claim:
        policies = control.policies(self.facts.report.policies)
        if not policies:
            reasons = ("no policy is evidence for it: it is not judged by what is deployed", *self._absent)
            return Claim(control, Outcome.NOT_JUDGED, reasons, (), (), ())
        evidence = tuple(self._evidence[policy.id] for policy in policies)
        ids = {policy.id for policy in policies}
        reasons = tuple(self._reasons(evidence))
        used = tuple(one for one in self.facts.report.exemptions if one.policy in ids)
        stacks = tuple(name for name in self.facts.report.stacks if ids & self._judged.get(name, frozenset()))
        outcome = Outcome.MET if not reasons else Outcome.NOT_MET
        if outcome is Outcome.MET and any(one.counts.get(Verdict.EXEMPT) for one in evidence):
            outcome = Outcome.WITH_EXEMPTIONS
        return Claim(control, outcome, reasons, evidence, used, stacks)

    def _reasons(self, evidence: Sequence[Evidence]) -> Iterator[str]:
        """Yield why a claim is not met, in a sentence each."""
        if not any(one.resources for one in evidence):
            yield NOTHING
        for one in evidence:
            for verdict, word in ((Verdict.FAIL, "fails for"), (Verdict.UNKNOWN, "is unknown for")):
                if count := one.counts.get(verdict, 0):
                    yield f"{one.policy.id} {word} {count:,} {'resource' if count == 1 else 'resources'}"
        ids = {one.policy.id for one in evidence}
        yield from self._missing(ids)
        yield from self._absent
        for name, problem in self.facts.state_problems.items():
            if ids & self._expected.get(name, frozenset()) or ids & self._judged.get(name, frozenset()):
                yield f"the evidence of {name} is not certain: {problem}"

    def _missing(self, ids: Collection[str]) -> Iterator[str]:
        """Yield which evidence is missing: that of stacks, and of policies in stacks."""
        deployed = {one.name for one in self.facts.stacks if one.is_deployed}
        lacking = dict[str, list[str]]()
        for name, expected in self._expected.items():
            wanted = sorted(expected.intersection(ids))
            if wanted and name not in deployed:
                yield f"{name} is not deployed"
            elif wanted:
                for policy in wanted:
                    if policy not in self._judged.get(name, frozenset()):
                        lacking.setdefault(policy, []).append(name)
        for policy, names in lacking.items():
            yield f"{policy} judged nothing in {_listed(names)}, which must have a resource that it is about"
        for policy in sorted(ids):
            if stacks := self._unjudged.get(policy):
                yield f"{policy} could not be judged in {_listed(sorted(stacks))}: the estate's files do not name it"

    @cached_property
    def _evidence(self) -> Mapping[str, Evidence]:
        return evidence_of(self.facts.report)

    @cached_property
    def _expected(self) -> Mapping[str, frozenset[str]]:
        """The policies that judge something in each stack that must be deployed."""
        configs = self.facts.configs
        return {name: required(config, configs) for name, config in configs.items()}

    @cached_property
    def _judged(self) -> Mapping[str, frozenset[str]]:
        """The policies that judged something in each stack."""
        return _by_stack(one for one in self.facts.report.findings if one.verdict is not Verdict.NOT_APPLICABLE)

    @cached_property
    def _unjudged(self) -> Mapping[str, set[str]]:
        """The stacks in which each policy found no configuration to compare with."""
        found: dict[str, set[str]] = {}
        for finding in self.facts.report.findings:
            if finding.message == NEEDS_CONFIG:
                found.setdefault(finding.policy, set()).add(finding.stack)
        return found

    @cached_property
    def _absent(self) -> tuple[str, ...]:
        """Policies that are evidence and that the catalogue lacks: it is not known of which control, so of each."""
        gone = sorted(named() - self.facts.report.policies.keys())
        return (f"the catalogue lacks {_listed(gone)}, and what they are evidence for",) if gone else ()


def _by_stack(findings: Iterator[Finding]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for finding in findings:
        found.setdefault(finding.stack, set()).add(finding.policy)
    return {stack: frozenset(policies) for stack, policies in found.items()}


def _listed(names: Sequence[str]) -> str:
    """Return names, of many the first."""
    more = len(names) - _MOST_STACKS
    return ", ".join(names[:_MOST_STACKS]) + (f" and {more:,} more" if more > 0 else "")
