"""The gate as a checker: the policies on one stack together with the rest of the estate.

Only findings on the weakened resource or its companions count: a refusal for another reason would be a
coincidence. So only these are evaluated, until one is refused. The context is the same as in a full evaluation of the
mutant, and so are the findings.
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
Key = tuple[str, str, str, str]


class Gate:
    """Checks mutants of one estate, whose plan must pass without them."""

    name = "gate"

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
    def _already(self) -> frozenset[Key]:
        return frozenset(_key(f) for f in self.before.blocking)

    @cached_property
    def _near(self) -> Mapping[str, frozenset[str]]:
        """The resources that refer to each resource, and those that it refers to, by URN."""
        return _neighbours(self.estate.resources)

    def refuses(self, mutant: Mutant) -> Refusal | None:
        """Return the first finding on the weakened resource or its companions that blocks the mutant."""
        resources = mutated(self.estate.resources, mutant)
        found = PolicyContext(resources, is_complete=self.estate.is_complete, today=self.today)
        near = self.related(mutant)
        companions = (r for r in resources if r.urn in near and r.urn != mutant.urn)
        evaluated = [*([mutant.after] if mutant.after else []), *companions]
        return next((_refusal(finding, mutant) for finding in self._new(found, evaluated, mutant.stack)), None)

    def related(self, mutant: Mutant) -> frozenset[str]:
        """Return the URNs of the weakened resource's companions, before and after: only findings on these count."""
        own = (mutant.before, mutant.after)
        pointed = {urn for r in own if r for urn in _points_at(r, self._by_id)}
        groups = {r.urn for r in self.estate.of(GROUP) if r.stack == mutant.stack or any(_around(o, r) for o in own)}
        return self._near.get(mutant.urn, frozenset()) | pointed | groups

    @cached_property
    def _by_id(self) -> Mapping[str, str]:
        return {r.id.lower(): r.urn for r in self.estate.resources if r.id}

    def _new(self, estate: PolicyContext, evaluated: Sequence[Resource], stack: str) -> Iterator[Finding]:
        """Yield the blocking findings on these resources that did not exist before. Resources of other stacks are
        checked by policies on the whole estate alone, as the gate does, and last, since those take longest."""
        own = ((policy, r) for r in evaluated if r.stack == stack for policy in self._policies_of(r.type)[0])
        between = ((policy, r) for r in evaluated for policy in self._policies_of(r.type)[1])
        for policy, resource in itertools.chain(own, between):
            for finding in findings_of(policy, resource, estate):
                if finding.verdict.blocks and _key(finding) not in self._already and not self.exemptions.of(finding):
                    yield finding

    def _policies_of(self, type_: str) -> tuple[tuple[Policy, ...], tuple[Policy, ...]]:
        """Return the policies on a stack, and those on the estate."""
        if type_ not in self._by_type:
            matching = [p for p in self.policies.values() if ALL in p.on or type_ in p.on]
            narrow = tuple(p for p in matching if p.scope != "estate")
            self._by_type[type_] = narrow, tuple(p for p in matching if p.scope == "estate")
        return self._by_type[type_]


def _refusal(finding: Finding, mutant: Mutant) -> Refusal:
    where = "" if finding.urn == mutant.urn else finding.name
    return Refusal(finding.policy, f"{finding.path} {finding.message}".strip(), where)


def _key(finding: Finding) -> Key:
    return finding.policy, finding.urn, finding.path, finding.message


def _neighbours(resources: Iterable[Resource]) -> Mapping[str, frozenset[str]]:
    resources = list(resources)
    by_id = {r.id.lower(): r.urn for r in resources if r.id}
    near: dict[str, set[str]] = {r.urn: set() for r in resources}
    for resource in resources:
        for urn in _points_at(resource, by_id):
            near[resource.urn].add(urn)
            near.setdefault(urn, set()).add(resource.urn)
    return {urn: frozenset(others - {urn}) for urn, others in near.items()}


def _points_at(resource: Resource, by_id: Mapping[str, str]) -> Iterator[str]:
    """Yield the URNs of the resources that its inputs name, of its parents, and of its dependencies."""
    for text in _texts(resource.inputs):
        if text.lower() in by_id:
            yield by_id[text.lower()]
    parts = (resource.id or "").lower().split("/")
    yield from (by_id[above] for n in range(3, len(parts)) if (above := "/".join(parts[:n])) in by_id)
    yield from resource.dependencies


def _around(resource: Resource | None, group: Resource) -> bool:
    """True if a resource is assigned on the subscription of a group, and so concerns all that is in it."""
    at = ids.subscription(resource.id) if resource and not ids.resource_group(resource.id) else ""
    return bool(at) and ids.subscription(group.id) == at


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def full(gate: Gate, mutant: Mutant) -> tuple[Finding, ...]:
    """Return every new finding of a full evaluation of the mutant: that of `refuses` is one of them."""
    estate = PolicyContext(
        mutated(gate.estate.resources, mutant), is_complete=gate.estate.is_complete, today=gate.today
    )
    report = evaluate(estate, gate.policies, today=gate.today, exemptions=gate.exemptions)
    return tuple(f for f in report.blocking if _key(f) not in gate._already)
