"""Evaluate the policies on the whole estate, but only on two tenancies of each equivalence class.

The findings on the first of the two are copied to the other tenancies of the class, with their names. The resources of
those are not built: their shapes are enough to find the classes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from formats.deployed_stack import DeployedStack
from formats.plan import Plan
from policies.equivalence import NO_FOLDING, EquivalenceClasses, EquivalentTenancy, Folding
from policies.estate_view import EstateView, ReadablePaths, VisibleResource
from policies.model import Finding, Policy, Resource
from policies.plan_resources import resources_of
from policies.rule_helpers.flow_findings import POLICIES
from policies.runner import ALL, EstateFindings, findings_of
from policies.stack_cache import StackCache
from policies.stack_content import StackContent, content_of
from policies.stack_shape import StackShape, shape_of

ESTATE = "estate"
FLOWS = frozenset(POLICIES.values())
NO_MEMBERS: Mapping[str, frozenset[str]] = {}


@dataclass(frozen=True)
class EstateStack:
    """One stack of the estate: as it is deployed, or as it is planned."""

    name: str
    digest: str
    """Equal for two stacks of this name only if their resources are equal: of the state, or of the plan."""
    resources: Callable[[], Iterable[Resource]]
    """Returns its resources. Called only where they are needed."""


def planned_stack(plan: Plan, *, from_program: bool = True) -> EstateStack:
    """Return the stack of a plan. `from_program`: False for an ARM template."""

    def resources() -> Iterable[Resource]:
        return (replace(resource, from_program=from_program) for resource in resources_of(plan))

    return EstateStack(plan.stack, f"{plan.digest} {from_program}", resources)


def deployed_stack(stack: DeployedStack) -> EstateStack:
    """Return a deployed stack, whose state is read only where it is needed."""
    return EstateStack(stack.name, stack.digest, lambda: resources_of(stack.load()))


@dataclass(frozen=True)
class EstateEvaluation:
    """Evaluates the policies with the scope `estate`."""

    policies: Sequence[Policy]
    today: date
    cache: StackCache
    subscriptions: frozenset[str] = frozenset()
    """The subscriptions that the estate's files name."""
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The groups that are members of each group of staff, as `PolicyContext.members`. They are the same for equivalent
    tenancies: IA8 refuses roles of other groups than the configurations name."""

    @classmethod
    def of(
        cls,
        policies: Iterable[Policy],
        today: date,
        cache: StackCache | None = None,
        subscriptions: frozenset[str] = frozenset(),
        members: Mapping[str, frozenset[str]] = NO_MEMBERS,
    ) -> EstateEvaluation:
        """Return the evaluation of those of the policies that have the scope `estate`."""
        chosen = [policy for policy in policies if policy.evaluation_scope == ESTATE]
        return cls(chosen, today, cache or StackCache(), subscriptions, members)

    def findings(
        self, stacks: Sequence[EstateStack], *, own: Collection[str] = (), exhaustive: bool = False
    ) -> EstateFindings:
        """Return the findings on an estate.

        `stacks`: every stack of the estate. `own`: the names of those that are evaluated. `exhaustive`: evaluate every
        tenancy, also those for which the result of an equivalent one holds.
        """
        estate = self._estate(stacks)
        evaluation = _Evaluation(estate, NO_FOLDING if exhaustive else estate.folding(), own)
        found = [(policy, *evaluation.of(policy)) for policy in self.policies]
        return EstateFindings(
            tuple(f for _, mine, _ in found for f in mine), tuple(f for _, _, others in found for f in others)
        )

    def left_out(self, stacks: Sequence[EstateStack]) -> frozenset[str]:
        """Return the names of the tenancies for which the results of an equivalent one hold."""
        return self._estate(stacks).folding().absent

    def names(self, stack: EstateStack) -> frozenset[str]:
        """Return the identifiers of a stack in lower case, with the names of its resource groups."""
        return self._estate([stack]).shape(stack).names

    def _estate(self, stacks: Sequence[EstateStack]) -> _Estate:
        """Return the estate in an order of its own: where two paths are equally weak, a message names the first."""
        ordered = sorted(stacks, key=lambda stack: stack.name)
        return _Estate(ordered, self)

    @cached_property
    def readable(self) -> ReadablePaths:
        """The properties that the policies can read."""
        return ReadablePaths.of(self.policies)


class _Estate:
    """The stacks of an estate, each built once and only if it is needed."""

    def __init__(self, stacks: Sequence[EstateStack], evaluation: EstateEvaluation) -> None:
        self.stacks = {stack.name: stack for stack in stacks}
        self._evaluation, self._readable, self._cache = evaluation, evaluation.readable, evaluation.cache
        self._contents: dict[str, StackContent] = {}

    @cached_property
    def _classes(self) -> EquivalenceClasses:
        return EquivalenceClasses([self.shape(stack) for stack in self.stacks.values()])

    def folding(self) -> Folding:
        """Return the tenancies that have the results of an equivalent one."""
        return self._classes.folding()

    def view(self, folding: Folding) -> EstateView:
        """Return the part of the estate that is evaluated."""
        resources: list[VisibleResource] = []
        left_out: set[str] = set()
        for name in (name for name in self.stacks if name not in folding.absent):
            content = self._content(name)
            resources += content.read
            for resource in content.unread:
                if resource.id and self._classes.may_be_mentioned(resource.id, name):
                    resources.append(resource)
                else:
                    left_out |= {(resource.id or "").lower(), resource.urn}
        resources.sort(key=lambda resource: (resource.stack, resource.urn))
        return EstateView(
            resources,
            folding,
            types=self._readable.types,
            left_out=frozenset(left_out),
            flows=self._cache.flows,
            is_complete=True,
            today=self._evaluation.today,
            subscriptions=self._evaluation.subscriptions,
            members=self._evaluation.members,
        )

    def shape(self, stack: EstateStack) -> StackShape:
        def make() -> StackShape:
            return shape_of(stack.name, self._content(stack.name).read)

        return self._cache.shape(stack.name, stack.digest, self._readable, make)

    def _content(self, name: str) -> StackContent:
        stack, readable = self.stacks[name], self._readable

        def make() -> StackContent:
            return content_of(name, map(readable.visible, stack.resources()), readable.types)

        if name not in self._contents:
            self._contents[name] = self._cache.content(name, stack.digest, readable, make)
        return self._contents[name]


class _Evaluation:
    """The findings on one estate, with those of representatives copied to their equivalents."""

    def __init__(self, estate: _Estate, folding: Folding, own: Collection[str]) -> None:
        self._estate, self._folding, self._own = estate, folding, own
        self._view = estate.view(folding)

    def of(self, policy: Policy) -> tuple[list[Finding], list[Finding]]:
        """Return all findings of a policy on the stacks that are evaluated, and those that block on the others.

        A message may list every tenancy that a resource affects. So a policy with a blocking finding is evaluated again
        on all tenancies, except the flow analysis: its findings do not depend on the number of tenancies.
        """
        found = [*self._findings(policy, self._view)]
        if self._folding.absent and policy.id not in FLOWS and any(f.verdict.blocks for f in found):
            found = [*self._findings(policy, self._whole)]
        mine = [finding for finding in found if finding.stack in self._own]
        return mine, [finding for finding in found if finding.stack not in self._own]

    @cached_property
    def _whole(self) -> EstateView:
        """The estate with every tenancy."""
        return self._estate.view(NO_FOLDING)

    def _findings(self, policy: Policy, view: EstateView) -> Iterator[Finding]:
        """Yield the findings on each stack, by type; of the stacks that are not evaluated, those that block."""
        copies = {one.stack: one for one in view.folding.equivalents}
        for type_ in [ALL] if ALL in policy.resource_types else dict.fromkeys(policy.resource_types):
            made: dict[str, list[Finding]] = {}
            for stack in self._estate.stacks:
                copy = copies.get(stack)
                source = copy.representative if copy else stack
                if source not in made:
                    made[source] = [f for r in view.of_stack(source, type_) for f in findings_of(policy, r, view)]
                wanted = (f for f in made[source] if stack in self._own or f.verdict.blocks)
                yield from (_copied(finding, copy) for finding in wanted) if copy else wanted


def _copied(finding: Finding, tenancy: EquivalentTenancy) -> Finding:
    """Return a finding on a representative as a finding on an equivalent tenancy."""
    return replace(
        finding,
        urn=tenancy.rename(finding.urn),
        name=tenancy.rename(finding.name),
        stack=tenancy.stack,
        message=tenancy.rename(finding.message),
    )
