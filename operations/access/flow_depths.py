"""The number of independent controls of each forbidden flow (FL1 to FL4), before and after a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formats.errors import InputError
from policies.model import PolicyContext
from policies.reachability.control_sets import MAX_CONTROLS, MIN_CONTROLS
from policies.reachability.flow_cache import FlowCache
from policies.reachability.forbidden_flows import FlowReport, ForbiddenFlow
from policies.reachability.graph import FlowGraph
from policies.rule_helpers.flow_findings import POLICIES
from policies.wording import plain

LISTED = 3
"""The most controls that a line names."""


@dataclass(frozen=True)
class FlowChange:
    """A forbidden flow that another number of controls prevents than before."""

    policy: str
    """FL1 to FL4."""
    kind: str
    source: str
    before: int | None
    """None: there was no such flow before, because its source did not exist."""
    after: int | None
    """None: its source does not exist any more."""
    gone: tuple[str, ...] = ()
    """The controls that no longer prevent it."""
    come: tuple[str, ...] = ()
    """The controls that prevent it now."""

    @property
    def weakens(self) -> bool:
        """True if fewer controls prevent it than before, or too few where there was none."""
        if self.after is None:
            return False
        return self.after < (MIN_CONTROLS if self.before is None else self.before)

    @property
    def is_compared(self) -> bool:
        """True if the flow exists before and after."""
        return self.before is not None and self.after is not None

    def __str__(self) -> str:
        counts = f"{_count(self.before)} before, {_count(self.after)} after"
        text = f"{self.policy} {self.kind}, from {self.source}: {counts}"
        return plain(text + _listed("no longer of the fewest", self.gone) + _listed("now of the fewest", self.come))

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON values. `more_than`: the number of controls that are counted at most."""
        return {
            "policy": self.policy, "flow": self.kind, "from": self.source, "before": self.before, "after": self.after,
            "more_than": MAX_CONTROLS, "weakens": self.weakens, "gone": list(self.gone), "new": list(self.come),
        }  # fmt: skip


def _listed(what: str, controls: tuple[str, ...]) -> str:
    more = f" and {len(controls) - LISTED} more" if len(controls) > LISTED else ""
    return f"; {what}: {', '.join(one[:200] for one in controls[:LISTED])}{more}" if controls else ""


def _count(depth: int | None) -> str:
    if depth is None:
        return "no such flow"
    if depth > MAX_CONTROLS:
        return f"more than {MAX_CONTROLS} controls"
    return f"{depth} control{'' if depth == 1 else 's'}"


def flows_of(context: PolicyContext, cache: FlowCache) -> FlowReport:
    """Return the flow analysis of an estate; an empty one for an estate without data, which has no flows."""
    try:
        return cache.analyse(context)
    except InputError:
        return FlowReport((), ())


def graph_of(report: FlowReport) -> FlowGraph | None:
    """Return the graph that was searched, if it has the whole estate."""
    return report.graph if not report.equivalents else None


def flow_changes(before: FlowReport, after: FlowReport) -> tuple[FlowChange, ...]:
    """Return the forbidden flows whose number of controls differs."""
    old, new = ({(flow.kind, flow.source, flow.subject): flow for flow in report.flows} for report in (before, after))
    found = (_change(old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new)))
    return tuple(change for change in found if change)


def _change(before: ForbiddenFlow | None, after: ForbiddenFlow | None) -> FlowChange | None:
    flow = after or before
    if flow is None or (before and after and before.depth == after.depth):
        return None
    old, new = _controls(before), _controls(after)
    compared = before is not None and after is not None
    return FlowChange(
        POLICIES[flow.kind],
        str(flow.kind),
        flow.source,
        before.depth if before else None,
        after.depth if after else None,
        tuple(sorted(text for id_, text in old.items() if compared and id_ not in new)),
        tuple(sorted(text for id_, text in new.items() if compared and id_ not in old)),
    )


def _controls(flow: ForbiddenFlow | None) -> Mapping[str, str]:
    """Return the controls of the weakest paths of a flow, by id, each with its description."""
    found = flow.minimal_cut_sets if flow else None
    return {c.id: c.description for path in (found.paths if found else ()) for c in path.controls}
