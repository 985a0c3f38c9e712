"""Run the policy pack on mutants.

Each mutant is encoded as Pulumi's analyzer request and decoded as the pack decodes it. The pack's policies then check
it with the rest of its stack, encoded and decoded in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]
from pulumi.runtime import proto

from formats import property_values
from formats.plan import SECRET, UNKNOWN, Operation, Plan, PlannedResource
from formats.urns import type_of
from policies.analyzer_state import AnalyzerState
from policies.exemptions import NONE, Exemptions
from policies.model import PolicyContext, Resource
from policies.mutations.model import Mutant, Refusal, Refusals
from policies.mutations.mutant_evaluator import MutantEvaluator
from policies.pack import PackAnalyzer
from policies.plan_resources import resources_of

AZURE = "azure-native:"
NO_PROVIDERS: Mapping[str, Any] = {}
NOT_MANAGED = (Operation.DELETE, Operation.READ)


class PackDetector:
    """Runs the pack on the stack of each plan, with the other stacks as neighbours; `alone`: without them.

    The day, the estate's configurations and if it is complete are those of the given context.
    """

    def __init__(
        self, plans: Sequence[Plan], whole: PolicyContext, exemptions: Exemptions = NONE, *, alone: bool = False
    ) -> None:
        self.name = "pack alone" if alone else "pack"
        self.policies = PackAnalyzer(exemptions).policies
        others = {} if alone else {plan.stack: resources_of(plan) for plan in plans}
        self._evaluators: dict[str, MutantEvaluator] = {}
        for plan in plans:
            neighbours = (r for stack, found in others.items() if stack != plan.stack for r in found)
            estate = PolicyContext(
                [*received(plan), *neighbours],
                is_complete=whole.is_complete and not alone,
                today=whole.today,
                configs=whole.configs,
            )
            self._evaluators[plan.stack] = MutantEvaluator(estate, self.policies, whole.today, exemptions)

    def blocks(self, stack: str) -> bool:
        """True if the pack refuses the stack without mutants."""
        return self._evaluators[stack].before.blocks

    def refuses(self, mutant: Mutant) -> Refusal | None:
        """Return the first reason for which the pack refuses the mutant; None if it passes."""
        evaluator = self._evaluators[mutant.stack]
        before = self._before(mutant, evaluator)
        return evaluator.refuses(replace(mutant, after=self.as_received(mutant.after), before=before))

    def check_all(self, mutants: Sequence[Mutant]) -> Mapping[str, Refusals]:
        """Return each mutant's refusal by its id, under the detector's name."""
        return {self.name: {m.id: self.refuses(m) for m in mutants}}

    def as_received(self, resource: Resource | None) -> Resource | None:
        """Return a weakened resource as the pack receives it."""
        if resource is None:
            return None
        planned = planned_of(resource)
        state = AnalyzerState()
        state.record_resource(_message(proto.AnalyzeRequest, planned))
        found = state.plan_of_stack(proto.AnalyzeStackRequest(resources=[_stack_resource(planned)])).resources[-1]
        return replace(
            resource, inputs=found.inputs, protect=found.protect, ignore_changes=found.ignore_changes,
            property_dependencies=found.property_dependencies,
        )  # fmt: skip

    def _before(self, mutant: Mutant, evaluator: MutantEvaluator) -> Resource | None:
        """Return the resource without the mutant as the pack receives it; None if the mutant adds the resource."""
        return next((r for r in evaluator.estate.resources if r.urn == mutant.urn), None) if mutant.before else None


def received(plan: Plan) -> list[Resource]:
    """Return the resources of a plan as the pack receives them: one by one, then all together."""
    state = AnalyzerState()
    managed = [r for r in plan.resources if r.operation not in NOT_MANAGED]
    configured = _configured(plan, managed)
    for resource in managed:
        if resource.custom and not resource.type.startswith("pulumi:"):
            request = _message(proto.AnalyzeRequest, resource, configured)
            state.record_provider(request)
            state.record_resource(request)
    return resources_of(
        state.plan_of_stack(proto.AnalyzeStackRequest(resources=[_stack_resource(r, configured) for r in managed]))
    )


def planned_of(resource: Resource) -> PlannedResource:
    """Return a resource as a planned creation without an explicit provider."""
    return PlannedResource(
        urn=resource.urn, type=f"{AZURE}{resource.type}", operation=Operation.CREATE, inputs=resource.inputs,
        dependencies=resource.dependencies,
        property_dependencies=resource.property_dependencies, protect=resource.protect,
        ignore_changes=resource.ignore_changes,
    )  # fmt: skip


def _configured(plan: Plan, resources: Sequence[PlannedResource]) -> dict[str, Any]:
    """Return inputs by URN, to look up those of a provider. A provider outside the plan is a default provider, and has
    the subscription alone. The engine sends a provider's inputs with each of its resources."""
    default = {r.provider: {"subscriptionId": plan.subscription} for r in resources if r.provider}
    return {**default, **{r.urn: r.inputs for r in resources}}


def _message(kind: Any, resource: PlannedResource, configured: Mapping[str, Any] = NO_PROVIDERS) -> Any:
    message = kind(type=resource.type, urn=resource.urn, name=resource.name)
    json_format.ParseDict(as_sent(resource.inputs), message.properties)
    message.options.protect = resource.protect
    message.options.ignoreChanges.extend(resource.ignore_changes)
    if resource.provider:
        message.provider.urn = resource.provider
        message.provider.type = type_of(resource.provider)
        json_format.ParseDict(as_sent(configured.get(resource.provider, {})), message.provider.properties)
    return message


def _stack_resource(resource: PlannedResource, configured: Mapping[str, Any] = NO_PROVIDERS) -> Any:
    message = _message(proto.AnalyzerResource, resource, configured)
    message.parent = resource.parent or ""
    message.dependencies.extend(resource.dependencies)
    for key, urns in resource.property_dependencies.items():
        message.propertyDependencies[key].urns.extend(urns)
    return message


def as_sent(value: Any) -> Any:
    """Return a value of a plan as the engine sends it: with Pulumi's sentinels for secrets and unknown values."""
    if value == UNKNOWN:
        return property_values.UNKNOWN
    if value == SECRET:
        return property_values.secret("a secret")
    if isinstance(value, Mapping):
        return {key: as_sent(item) for key, item in value.items()}
    return [as_sent(item) for item in value] if isinstance(value, list | tuple) else value
