"""The flow graph as GraphML, which yEd, Gephi and networkx read. An edge is one way to move data between two nodes.

Source of the format: graphml.graphdrawing.org.
"""

from __future__ import annotations

import networkx as nx

from policies.reachability.graph import Edge, FlowGraph, kind_of, label_of
from policies.wording import printable


def graphml(flows: FlowGraph) -> str:
    """Return the graph as GraphML, with the edges that the analysis reached.

    Attributes of an edge: `label`, what is done; `controls`, the controls that must all fail before it is possible;
    `depth`, their number (0: possible today); `path`, the steps that it takes.
    """
    exported: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    numbers = {node: f"n{number}" for number, node in enumerate(flows.moves)}
    for node, number in numbers.items():
        exported.add_node(number, label=printable(label_of(node)), kind=kind_of(node))
    for start, end, data in flows.moves.edges(data=True):
        edge: Edge = data["edge"]
        controls = sorted(
            f"{control.kind}: {control.description}" for control in flows.registry.controls(edge.control_set.mask)
        )
        steps = printable("; ".join(edge.control_set.steps))
        exported.add_edge(numbers[start], numbers[end], label=printable(edge.description), depth=len(controls),
                      controls=printable("; ".join(controls)), path=steps)  # fmt: skip
    return "\n".join(nx.generate_graphml(exported)) + "\n"
