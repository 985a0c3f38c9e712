"""The flows that must not exist: what is claimed of them holds when controls really fail."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pytest

from policies.model import Resource
from policies.reachability.assertions import Forbidden, Kind, judge
from policies.reachability.control_sets import Control, Layer
from policies.reachability.graph import Path
from tests.policies.reachability.sample_estates import TENANCY, estate, failing, seen

Key = tuple[Kind, str]


def _flows(resources: tuple[Resource, ...] | list[Resource]) -> dict[Key, Forbidden]:
    return {(flow.kind, flow.source.partition(" (")[0]): flow for flow in judge(seen(resources)).flows}


@pytest.fixture(scope="module")
def flows() -> dict[Key, Forbidden]:
    return _flows(estate())


def test_every_flow_that_must_not_exist_is_looked_for(flows: dict[Key, Forbidden]) -> None:
    kinds = [kind for kind, _ in flows]
    assert {kind: kinds.count(kind) for kind in Kind} == {
        Kind.PAST_STAGING: 5, Kind.PAST_AIRLOCK: 2, Kind.BETWEEN_PROJECTS: 2, Kind.BETWEEN_PROVIDERS: 3,
    }  # fmt: skip


def test_nothing_that_must_not_flow_does_today(flows: dict[Key, Forbidden]) -> None:
    assert min(flow.depth for flow in flows.values()) > 0


def test_everything_can_be_told_of_the_shipped_estate() -> None:
    assert judge(seen(estate())).doubts == ()


REPRESENTATIVE = [
    (Kind.PAST_STAGING, "warehouse"),
    (Kind.PAST_STAGING, "staging"),
    (Kind.PAST_AIRLOCK, TENANCY),
    (Kind.BETWEEN_PROJECTS, TENANCY),
]


@pytest.mark.parametrize("key", REPRESENTATIVE, ids=lambda key: f"{key[0].name}-{key[1]}")
def test_a_claim_of_depth_is_exact(flows: dict[Key, Forbidden], key: Key) -> None:
    """With all controls of a way gone the path is there; with some of them, exactly the others still stand."""
    flow = flows[key]
    assert flow.weakest
    for way in flow.weakest.ways[:4]:
        _holds_for(key, way)


def test_a_claim_of_depth_between_providers_is_exact(flows: dict[Key, Forbidden]) -> None:
    key, flow = next((k, f) for k, f in flows.items() if f.kind is Kind.BETWEEN_PROVIDERS)
    assert flow.weakest
    for way in flow.weakest.ways[:3]:
        _holds_for(key, way)


def _holds_for(key: Key, way: Path) -> None:
    controls = sorted(way.controls)
    for size in range(1, len(controls) + 1):
        for gone in combinations(controls, size):
            if not _half(gone, controls):
                resources = list(estate())
                for control in gone:
                    resources = failing(resources, control)
                assert _flows(resources)[key].depth == len(controls) - size, [c.says for c in gone]


def _half(gone: Sequence[Control], controls: Sequence[Control]) -> bool:
    """Whether a plan would hold what Azure Policy refuses: it cannot come about, and nothing is to be said of it."""
    guards = [c for c in controls if c.layer is Layer.GUARD]
    return any(guard not in gone for guard in guards)
