"""Run the flow analysis on mutants. A mutant is refused if fewer controls prevent a forbidden flow than before.

One mutant of each kind is checked, because the analysis of an estate takes a third of a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from formats.errors import InputError
from policies.model import PolicyContext
from policies.mutations.generate import mutated
from policies.mutations.model import Mutant, Refusal, Refusals
from policies.reachability.forbidden_flows import FlowReport, ForbiddenFlow, analyse_flows

FLOW_TYPES = (
    "authorization:PolicyAssignment",
    "authorization:RoleAssignment",
    "compute:Disk",
    "network:AzureFirewall",
    "network:BastionHost",
    "network:FirewallPolicy",
    "network:FirewallPolicyRuleCollectionGroup",
    "network:NetworkInterface",
    "network:NetworkSecurityGroup",
    "network:PrivateEndpoint",
    "network:PublicIPAddress",
    "network:RouteTable",
    "network:Subnet",
    "network:VirtualNetwork",
    "network:VirtualNetworkPeering",
    "storage:StorageAccount",
)
"""The types that flows depend on; mutants of other types are not checked."""
IRRELEVANT_LABELS = ("tags", "location", "not protected", "ignores changes")
"""Prefixes of the labels of weakenings that no flow depends on."""


class FlowDetector:
    """Compares the flows of an estate with and without each mutant."""

    name = "flows"

    def __init__(self, estate: PolicyContext) -> None:
        self.estate = estate
        self._before = _depths(analyse_flows(estate))

    def check_all(self, mutants: Sequence[Mutant]) -> Mapping[str, Refusals]:
        """Return the refusals of one mutant of each kind."""
        checked: dict[tuple[str, str], Mutant] = {}
        for mutant in mutants:
            if mutant.type in FLOW_TYPES and not mutant.label.startswith(IRRELEVANT_LABELS):
                kind = mutant.label if mutant.before else mutant.id  # each addition is a kind of its own
                checked.setdefault((mutant.type, kind), mutant)
        return {self.name: {m.id: self.refuses(m) for m in checked.values()}}

    def refuses(self, mutant: Mutant) -> Refusal | None:
        """Return the reason from the flow with the fewest controls, among those with fewer controls than before."""
        estate = PolicyContext(
            mutated(self.estate.resources, mutant), is_complete=self.estate.is_complete, today=self.estate.today,
            configs=self.estate.configs,
        )  # fmt: skip
        try:
            found = analyse_flows(estate)
        except InputError as error:
            return Refusal("flows", error.problem)
        lower = [f for f in found.flows if f.depth < self._before.get(_key(f), 0) or _key(f) not in self._before]
        if not lower:
            return None
        worst = min(lower, key=lambda f: f.depth)
        before = self._before.get(_key(worst))
        return Refusal("flows", f"{worst.kind}: {worst.depth} controls prevent it, {before or 'no such flow'} before")


def _depths(report: FlowReport) -> Mapping[tuple[str, str], int]:
    return {_key(flow): flow.depth for flow in report.flows}


def _key(flow: ForbiddenFlow) -> tuple[str, str]:
    return flow.kind.name, flow.source
