"""The DNS queries of staff machines: a way to the Internet whose risk a decision accepts.

They ask a DNS proxy, since they need the names of the stores of all projects (docs/decisions, 0020). No forbidden flow
counts the way; the report lists it with the number of its controls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.reachability.control_sets import MIN_CONTROLS
from policies.reachability.graph import FlowGraph

DECISION = "0020"


@dataclass(frozen=True)
class AcceptedDnsQueries:
    """The DNS queries of a staff machine, a way out that fewer controls prevent (decision 0020)."""

    decision: str
    """The number of the decision that names the remaining risk."""
    actor: str
    """The label of the actor."""
    depth: int
    steps: tuple[str, ...]

    @property
    def text(self) -> str:
        """The risk in words."""
        number = f"{self.depth} control{'' if self.depth == 1 else 's'}"
        return f"{self.actor} carries data to the Internet {', '.join(self.steps)}: {number}"

    def to_json(self) -> dict[str, Any]:
        """Return the risk as JSON values."""
        return {"decision": self.decision, "by": self.actor, "depth": self.depth, "path": list(self.steps)}


def dns_queries_of_staff(graph: FlowGraph) -> Iterator[AcceptedDnsQueries]:
    """Yield the way of DNS queries from each staff machine, which asks a DNS proxy (decision 0020)."""
    for actor in (one for one in graph.actors if one.is_of_staff):
        ways = [way for location in actor.locations for way in graph.reachability.by_dns(location)]
        weakest = min(ways, key=lambda way: way.size, default=None)
        if weakest and weakest.size < MIN_CONTROLS:
            yield AcceptedDnsQueries(DECISION, actor.label, weakest.size, weakest.steps)
