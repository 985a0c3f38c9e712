"""The flow analyses of one process, shared by those who ask about the same estate.

The access diff of a plan analyses the estate that the plan leaves, and then the gate evaluates it. The gate counts no
more controls than make a finding, so an analysis without a finding or an unknown property tells it all that it asks.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from policies.estate_view import EstateView, ReadablePaths
from policies.model import PolicyContext, Resource
from policies.reachability.control_sets import MIN_CONTROLS
from policies.reachability.flow_paths import FLOW_PATHS
from policies.reachability.forbidden_flows import FlowReport, analyse_flows, analyse_view

MAX_ESTATES = 4
"""As many estates are remembered: those before and after a change, and after the change of another stack."""


class FlowCache:
    """Remembers the flows of estates in which enough controls prevent every flow, by what the estates contain."""

    def __init__(self) -> None:
        self._prevented: dict[str, FlowReport] = {}

    def analyse(self, estate: PolicyContext) -> FlowReport:
        """Return the flow analysis of an estate (`analyse_flows`). Raises `InputError` if it has no data container."""
        found = analyse_flows(estate)
        self._keep(estate, found)
        return found

    def findings(self, view: EstateView) -> FlowReport:
        """Return the flows of a view with too few controls (`analyse_view`). A `policy check` asks twice: of the plans,
        and of the deployed estate, which often are the same."""
        known = self.prevented(view)
        if known is None:
            known = analyse_view(view, MIN_CONTROLS - 1)
            self._keep(view, known)
        return known

    def _keep(self, estate: PolicyContext, found: FlowReport) -> None:
        if found.blocks:
            return
        # A graph fills the memory of a large estate, and the gate needs no paths.
        flows = tuple(replace(flow, minimal_cut_sets=None, accepted=None) for flow in found.flows)
        self._prevented[content_digest(estate)] = FlowReport(flows, ())
        for oldest in list(self._prevented)[:-MAX_ESTATES]:
            del self._prevented[oldest]

    def prevented(self, estate: PolicyContext) -> FlowReport | None:
        """Return the flows of an estate, without their paths, if an analysis found that enough controls prevent each of
        them and read every property. None: the estate must be analysed."""
        return self._prevented.get(content_digest(estate)) if self._prevented else None


def content_digest(estate: PolicyContext) -> str:
    """Return the digest of all that the flow analysis can read of an estate, without its order.

    Of resources of types that the analysis does not read, it can only ask whether they exist.
    """
    read: list[Resource] = []
    others = set(estate.left_out) if isinstance(estate, EstateView) else set()
    for resource in estate.resources:
        if resource.type in _READABLE.types:
            read.append(_READABLE.visible(resource))
        else:
            others |= {(resource.id or "").lower(), resource.urn}
    content = [
        sorted({resource.stack for resource in estate.resources}),
        sorted((r.urn, r.stack, r.name, r.id or "", r.from_program, _text(r)) for r in read),
        sorted(others - {""}),
        sorted((group, sorted(inner)) for group, inner in estate.members.items()),
        estate.is_complete,
        str(estate.today),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


_READABLE = ReadablePaths(FLOW_PATHS)


def _text(resource: Resource) -> str:
    return json.dumps([resource.inputs, resource.property_dependencies], sort_keys=True, default=str)
