"""Evaluate the policies on a mutant: on its stack, together with the rest of the estate.

Only findings on the weakened resource or on a related one count, because a refusal for another reason would be a
coincidence. So only these resources are evaluated, up to the first blocking finding. The context is the same as in an
evaluation of every resource, and so are the findings.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property

from policies.azure_semantics import ids
from policies.exemptions import Exemptions
from policies.model import Finding, Policy, PolicyContext, Resource
from policies.mutations.generate import mutated
from policies.mutations.model import Mutant, Refusal
from policies.runner import ALL, NO_EXEMPTIONS, Report, evaluate, findings_of

GROUP = "resources:ResourceGroup"
FindingKey = tuple[str, str, str, str]


class MutantEvaluator:
    """Evaluates the policies on mutants of one estate, which must pass without mutants."""

    def __init__(
        self, estate: PolicyContext, policies: Mapping[str, Policy], today: date, exemptions: Exemptions = NO_EXEMPTIONS
    ) -> None:
        self.estate, self.policies, self.today, self.exemptions = estate, policies, today, exemptions
        self._by_type: dict[str, tuple[tuple[Policy, ...], tuple[Policy, ...]]] = {}

    @cached_property
    def before(self) -> Report:
        """The report on the plan without mutants."""
        return evaluate(self.estate, self.policies, today=self.today, exemptions=self.exemptions)

    @cached_property
    def _preexisting(self) -> frozenset[FindingKey]:
        return frozenset(_finding_key(f) for f in self.before.blocking)

    @cached_property
    def _related(self) -> Mapping[str, frozenset[str]]:
        """The URNs of the resources that refer to each resource, and of those that it refers to."""
        return _references_both_ways(self.estate.resources)

    def refuses(self, mutant: Mutant) -> Refusal | None:
        """Return why the first finding on the weakened resource or a related one blocks the mutant."""
        found = self.finding(mutant)
        return _refusal(found, mutant) if found else None

    def finding(self, mutant: Mutant) -> Finding | None:
        """Return the first finding on the weakened resource or a related one that blocks the mutant."""
        if mutant.judges and mutant.after:
            return self._of_judges(mutant, mutant.after)
        resources = mutated(self.estate.resources, mutant)
        found = _context(self.estate, resources, self.today)
        urns = self.related(mutant)
        related = (r for r in resources if r.urn in urns and r.urn != mutant.urn)
        evaluated = [*([mutant.after] if mutant.after else []), *related]
        return next(self._new_findings(found, evaluated, mutant.stack), None)

    def _of_judges(self, mutant: Mutant, after: Resource) -> Finding | None:
        """Return the first finding of the mutant's own judges on the mutated resource. They read its inputs and the
        ids of the estate, which no such mutant changes, so that the estate's own context serves all."""
        policies = [self.policies[id_] for id_ in mutant.judges if id_ in self.policies]
        found = (finding for policy in policies for finding in findings_of(policy, after, self.estate))
        return next((finding for finding in found if self._counts(finding)), None)

    def related(self, mutant: Mutant) -> frozenset[str]:
        """Return the URNs of the resources related to the weakened one: those that it refers to, before or after, those
        that refer to it, and the resource groups of its stack and of the subscription that it is assigned on."""
        own = (mutant.before, mutant.after)
        referenced = {urn for r in own if r for urn in _referenced_urns(r, self._urns_by_id)}
        groups = {
            group.urn
            for group in self.estate.of(GROUP)
            if group.stack == mutant.stack or any(_is_on_subscription_of(group, r) for r in own)
        }
        return self._related.get(mutant.urn, frozenset()) | referenced | groups

    @cached_property
    def _urns_by_id(self) -> Mapping[str, str]:
        return {r.id.lower(): r.urn for r in self.estate.resources if r.id}

    def _new_findings(self, estate: PolicyContext, evaluated: Sequence[Resource], stack: str) -> Iterator[Finding]:
        """Yield the blocking findings on these resources that the estate without mutants does not have.

        As in the gate, resources of other stacks are checked by policies on the whole estate only. These policies come
        last, since they take longest."""
        on_stack = ((policy, r) for r in evaluated if r.stack == stack for policy in self._policies_of(r.type)[0])
        on_estate = ((policy, r) for r in evaluated for policy in self._policies_of(r.type)[1])
        for policy, resource in itertools.chain(on_stack, on_estate):
            for finding in findings_of(policy, resource, estate):
                if self._counts(finding):
                    yield finding

    def _counts(self, finding: Finding) -> bool:
        """True for a blocking finding that the estate without mutants does not have, and that is not exempt."""
        is_new = finding.verdict.blocks and _finding_key(finding) not in self._preexisting
        return is_new and not self.exemptions.of(finding)

    def _policies_of(self, type_: str) -> tuple[tuple[Policy, ...], tuple[Policy, ...]]:
        """Return the policies on a type that read one stack, and those that read the estate."""
        if type_ not in self._by_type:
            matching = [p for p in self.policies.values() if ALL in p.resource_types or type_ in p.resource_types]
            narrow = tuple(p for p in matching if p.evaluation_scope != "estate")
            self._by_type[type_] = narrow, tuple(p for p in matching if p.evaluation_scope == "estate")
        return self._by_type[type_]


def _context(estate: PolicyContext, resources: Iterable[Resource], today: date) -> PolicyContext:
    """Return a context with other resources."""
    return PolicyContext(resources, is_complete=estate.is_complete, today=today, configs=estate.configs)


def _refusal(finding: Finding, mutant: Mutant) -> Refusal:
    resource = "" if finding.urn == mutant.urn else finding.name
    return Refusal(finding.policy, f"{finding.path} {finding.message}".strip(), resource)


def _finding_key(finding: Finding) -> FindingKey:
    return finding.policy, finding.urn, finding.path, finding.message


def _references_both_ways(resources: Iterable[Resource]) -> Mapping[str, frozenset[str]]:
    resources = list(resources)
    by_id = {r.id.lower(): r.urn for r in resources if r.id}
    related: dict[str, set[str]] = {r.urn: set() for r in resources}
    for resource in resources:
        for urn in _referenced_urns(resource, by_id):
            related[resource.urn].add(urn)
            related.setdefault(urn, set()).add(resource.urn)
    return {urn: frozenset(others - {urn}) for urn, others in related.items()}


def _referenced_urns(resource: Resource, by_id: Mapping[str, str]) -> Iterator[str]:
    """Yield the URNs of the resources that its inputs name, of its parents, and of its dependencies."""
    for text in _texts(resource.inputs):
        if text.lower() in by_id:
            yield by_id[text.lower()]
    parts = (resource.id or "").lower().split("/")
    yield from (by_id[parent] for n in range(3, len(parts)) if (parent := "/".join(parts[:n])) in by_id)
    yield from resource.dependencies


def _is_on_subscription_of(group: Resource, resource: Resource | None) -> bool:
    """True if a resource is at the scope of the subscription of a group, and so concerns the group's resources."""
    subscription = ids.subscription(resource.id) if resource and not ids.resource_group(resource.id) else ""
    return bool(subscription) and ids.subscription(group.id) == subscription


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def all_new_findings(evaluator: MutantEvaluator, mutant: Mutant) -> tuple[Finding, ...]:
    """Return the new blocking findings of an evaluation of every resource. The finding of `refuses` is among them."""
    estate = _context(evaluator.estate, mutated(evaluator.estate.resources, mutant), evaluator.today)
    report = evaluate(estate, evaluator.policies, today=evaluator.today, exemptions=evaluator.exemptions)
    return tuple(f for f in report.blocking if _finding_key(f) not in evaluator._preexisting)
