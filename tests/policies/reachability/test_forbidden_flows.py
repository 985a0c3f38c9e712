"""Forbidden flows: their depth is exact when controls really fail."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pytest

from policies.model import Resource
from policies.reachability.control_sets import MAX_CONTROLS, MIN_CONTROLS, Control, ControlKind
from policies.reachability.cut_sets import Path
from policies.reachability.forbidden_flows import FlowKind, ForbiddenFlow, analyse_flows
from tests.policies.reachability.sample_estates import TENANCY, estate, failing, grant, named, seen

Key = tuple[FlowKind, str]


def _flows(resources: tuple[Resource, ...] | list[Resource], limit: int = MAX_CONTROLS) -> dict[Key, ForbiddenFlow]:
    found = analyse_flows(seen(resources), limit=limit).flows
    return {(flow.kind, flow.source.partition(" (")[0]): flow for flow in found}


@pytest.fixture(scope="module")
def flows() -> dict[Key, ForbiddenFlow]:
    return _flows(estate())


def test_every_forbidden_flow_is_analysed(flows: dict[Key, ForbiddenFlow]) -> None:
    kinds = [kind for kind, _ in flows]
    assert {kind: kinds.count(kind) for kind in FlowKind} == {
        FlowKind.PAST_STAGING: 5, FlowKind.PAST_AIRLOCK: 2, FlowKind.BETWEEN_PROJECTS: 2, FlowKind.BETWEEN_PROVIDERS: 3,
    }  # fmt: skip


def test_no_forbidden_flow_is_possible_today(flows: dict[Key, ForbiddenFlow]) -> None:
    assert min(flow.depth for flow in flows.values()) > 0


def test_the_shipped_estate_has_no_unknown_property() -> None:
    assert analyse_flows(seen(estate())).unknowns == ()


REPRESENTATIVE = [
    (FlowKind.PAST_STAGING, "warehouse"),
    (FlowKind.PAST_STAGING, "staging"),
    (FlowKind.PAST_AIRLOCK, TENANCY),
    (FlowKind.BETWEEN_PROJECTS, TENANCY),
]


@pytest.mark.parametrize("key", REPRESENTATIVE, ids=lambda key: f"{key[0].name}-{key[1]}")
def test_the_depth_is_exact_when_controls_fail(flows: dict[Key, ForbiddenFlow], key: Key) -> None:
    """Without all controls of a path the flow is possible; without some of them, the others still prevent it. A risk of
    the control plane is accepted only while its own controls hold, so paths of techniques are tested by themselves."""
    flow = flows[key]
    assert flow.minimal_cut_sets
    for path in [one for one in flow.minimal_cut_sets.paths if not one.techniques][:2]:
        _holds_for(key, path)


def test_the_depth_between_providers_is_exact_when_controls_fail(flows: dict[Key, ForbiddenFlow]) -> None:
    key, flow = next((k, f) for k, f in flows.items() if f.kind is FlowKind.BETWEEN_PROVIDERS)
    assert flow.minimal_cut_sets
    for path in [one for one in flow.minimal_cut_sets.paths if not one.techniques][:3]:
        _holds_for(key, path)


OWNER, RESEARCHERS = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "db7a0118-c48f-5463-aec7-50d383efab17"


@pytest.mark.parametrize("key", REPRESENTATIVE, ids=lambda key: f"{key[0].name}-{key[1]}")
def test_a_limit_keeps_every_flow_below_it(flows: dict[Key, ForbiddenFlow], key: Key) -> None:
    """The gate asks for findings alone. Whoever changes settings makes controls fail above the limit too."""
    found = flows[key].minimal_cut_sets
    assert found
    resources = list(estate())
    for control in sorted(next(path.controls for path in found.paths if not path.techniques))[:-1]:
        resources = failing(resources, control)
    scope = str(named(resources, TENANCY, "resources:ResourceGroup", "project").id)
    for changed_ in (resources, [*resources, grant(RESEARCHERS, OWNER, scope)]):
        limited = analyse_flows(seen(changed_), limit=MIN_CONTROLS - 1)
        whole = analyse_flows(seen(changed_))
        assert [_weakest(flow) for flow in limited.findings] == [_weakest(flow) for flow in whole.findings]
        assert limited.findings


def _weakest(flow: ForbiddenFlow) -> tuple[object, ...]:
    assert flow.minimal_cut_sets
    controls = {path.controls for path in flow.minimal_cut_sets.paths if len(path.controls) == flow.depth}
    return flow.kind, flow.source, flow.depth, controls


REFUSING = (ControlKind.GUARDRAIL, ControlKind.LOCK)


def _holds_for(key: Key, path: Path) -> None:
    controls = sorted(path.controls)
    for size in range(1, len(controls) + 1):
        for gone in combinations(controls, size):
            if not _half(gone, controls):
                resources = list(estate())
                for control in sorted(gone, key=lambda control: control.kind not in REFUSING):
                    resources = failing(resources, control)
                depth = len(controls) - size  # a limit above it would count the other flows' controls too
                assert _flows(resources, depth)[key].depth == depth, [c.description for c in gone]


def _half(gone: Sequence[Control], controls: Sequence[Control]) -> bool:
    """True if a plan would have what a guardrail or a lock refuses: such a plan cannot be deployed."""
    refusing = [c for c in controls if c.kind in REFUSING]
    return any(control not in gone for control in refusing)
