"""The checks of the policies on flows (FL1 to FL4), which share one analysis of the whole estate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from formats.errors import InputError
from policies.estate_view import EstateView
from policies.model import Finding, PolicyContext, Resource, Unknown, Verdict, Violation
from policies.reachability.control_sets import MIN_CONTROLS
from policies.reachability.forbidden_flows import (
    FlowKind,
    FlowReport,
    ForbiddenFlow,
    analyse_flows,
    analyse_view,
)
from policies.wording import plain

POLICIES = {
    FlowKind.PAST_STAGING: "FL1",
    FlowKind.PAST_AIRLOCK: "FL2",
    FlowKind.BETWEEN_PROJECTS: "FL3",
    FlowKind.BETWEEN_PROVIDERS: "FL4",
}
"""The policy for each kind of flow."""
SUBJECTS = ("resources:ResourceGroup", "storage:StorageAccount", "keyvault:Vault", "compute:VirtualMachine")
"""The types on which a finding may be reported: the data's resource group, or its store if the group is not planned."""

FIX = (
    "scripts/sde policy flows --all shows each weakest path: add a control that does not fail with the others, or "
    "remove a resource that the path uses."
)


def flow_report(context: PolicyContext) -> FlowReport:
    """Return the flow analysis of an estate, computed once. It is empty for an estate without data, and for ARM
    templates, because they do not tell which identity has a principal id."""

    def compute() -> FlowReport:
        if not all(resource.from_program for resource in context.resources):
            return FlowReport((), ())
        try:
            found = _of_view(context) if isinstance(context, EstateView) else analyse_flows(context)
        except InputError:
            return FlowReport((), ())
        # The graph refers to the context, which keeps this report: such a cycle stays in memory for long.
        return replace(found, graph=None, searches={})

    return context.once(("flows",), compute)


def _of_view(view: EstateView) -> FlowReport:
    """Return the flows with too few controls; those of an analysis of the same estate if it found none."""
    return view.flows.findings(view) if view.flows else analyse_view(view, MIN_CONTROLS - 1)


def has_flow(kind: FlowKind) -> Callable[[Resource, PolicyContext], bool]:
    """Return a filter for the resources on which flows of that kind are reported."""
    return lambda resource, context: resource.urn in _by_resource(context, kind)


def flow_check(kind: FlowKind) -> Callable[[Resource, PolicyContext], Iterator[Violation]]:
    """Return the check of a kind of flow: a violation if too few controls prevent one. It raises `Unknown` if a
    property that flows depend on is unknown."""

    def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
        for flow in _by_resource(context, kind)[resource.urn]:
            if flow.is_finding:
                yield Violation("", message_of(flow))
        unknowns = flow_report(context).unknowns
        if unknowns:
            raise Unknown("", unknowns[0])

    return check


def _by_resource(context: PolicyContext, kind: FlowKind) -> Mapping[str, list[ForbiddenFlow]]:
    def compute() -> dict[str, list[ForbiddenFlow]]:
        found: dict[str, list[ForbiddenFlow]] = {}
        for flow in flow_report(context).flows:
            if flow.kind is kind:
                found.setdefault(flow.subject, []).append(flow)
        return found

    return context.once(("flows", kind.name), compute)


def message_of(flow: ForbiddenFlow) -> str:
    """Return a sentence with the controls and the steps of a flow's weakest path."""
    paths = sorted(
        flow.minimal_cut_sets.paths if flow.minimal_cut_sets else (),
        key=lambda path: (len(path.controls), len(path.steps)),
    )
    steps = "; ".join(paths[0].steps)
    if not flow.depth:
        return f"no control prevents it, and at least {MIN_CONTROLS} must: {steps}"
    controls = " and ".join(control.description for control in sorted(paths[0].controls))
    count = "only one control prevents" if flow.depth == 1 else f"only {flow.depth} controls prevent"
    return f"{count} it, and at least {MIN_CONTROLS} must: {controls}. If that fails: {steps}"


def finding_of(flow: ForbiddenFlow, context: PolicyContext) -> Finding:
    """Return a flow as a finding, equal to the gate's, so that the same exemption covers it."""
    found = next(r for r in context.resources if r.urn == flow.subject)
    urn, type_, name, stack = map(plain, (found.urn, found.type, found.name, found.stack))
    return Finding(POLICIES[flow.kind], Verdict.FAIL, urn, type_, name, stack, "", message_of(flow))
