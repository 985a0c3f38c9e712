"""The flows of many tenancies that differ take work in proportion to their number."""

from __future__ import annotations

from policies.reachability.forbidden_flows import analyse_flows
from tests.policies.reachability.sample_estates import estate, seen


def _created(tenancies: int) -> tuple[int, int]:
    """Return how many pairs of nodes have edges that were created, and how many network paths were evaluated."""
    graph = analyse_flows(seen(estate(tenancies)), exhaustive=True).graph
    assert graph
    return len(graph._edges), len(graph.reachability._cache)


def test_each_further_tenancy_adds_the_same_number_of_edges() -> None:
    """The edges between two tenancies are left out, so pairs of tenancies do not count."""
    (few, few_paths), (some, some_paths), (many, many_paths) = map(_created, (3, 6, 9))
    assert many - some <= 1.1 * (some - few)
    assert many_paths - some_paths <= 1.1 * (some_paths - few_paths)
