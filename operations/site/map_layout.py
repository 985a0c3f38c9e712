"""Positions for the map of an estate, by Graphviz in this process.

Only numbers go into Graphviz: sizes of boxes, and nodes and clusters by their index. Texts are of the page's template.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_POINTS = 72
"""Graphviz's points in an inch. A point is a pixel of the map."""
_MARGIN = 24
"""The space between a cluster's frame and what is in it, in pixels. Its label is in this space."""
_SETTINGS = "graph [rankdir=TB nodesep=0.25 ranksep=0.5 pad=0 outputorder=nodesfirst]"
Point = tuple[float, float]


@dataclass(frozen=True)
class Cluster:
    """Boxes in one frame, by their index, and frames inside it."""

    boxes: tuple[int, ...] = ()
    inner: tuple[Cluster, ...] = ()


@dataclass(frozen=True)
class Rectangle:
    """The place of a box or frame: its left upper corner, and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Curve:
    """An arrow: a start, then the control points of cubic curves, and the tip of its head."""

    points: tuple[Point, ...]
    tip: Point


@dataclass(frozen=True)
class Layout:
    """The places of all parts of a map, in the order in which they were given."""

    width: float
    height: float
    boxes: tuple[Rectangle, ...]
    frames: tuple[Rectangle, ...]
    curves: tuple[Curve, ...]


def lay_out(
    sizes: Sequence[tuple[float, float]],
    arrows: Sequence[tuple[int, int]],
    clusters: Sequence[Cluster],
    bottom: Sequence[int] = (),
) -> Layout:
    """Return the places of boxes of these sizes, of arrows between them by index, and of the frames around them.

    `bottom`: the boxes in the last row.
    """
    from pygraphviz import AGraph  # noqa: PLC0415 - loads Graphviz

    names: list[str] = []
    frames = [line for number, cluster in enumerate(clusters) for line in _frame(cluster, f"cluster{number}", names)]
    nodes = [
        f'n{index} [label="" shape=box fixedsize=true width={width / _POINTS:.4f} height={height / _POINTS:.4f}]'
        for index, (width, height) in enumerate(sizes)
    ]
    edges = [f"n{source} -> n{target} [key=e{index} arrowsize=0.8]" for index, (source, target) in enumerate(arrows)]
    rows = [f"{{ rank=sink {' '.join(f'n{index}' for index in bottom)} }}"] if bottom else []
    graph = AGraph(string="\n".join(["digraph {", _SETTINGS, *nodes, *frames, *rows, *edges, "}"]))
    graph.layout("dot")
    return _layout(graph, len(sizes), arrows, names)


def _frame(cluster: Cluster, name: str, names: list[str]) -> Iterator[str]:
    """Yield the lines of a frame and of those inside it, and append their names."""
    names.append(name)
    yield f'subgraph {name} {{ label="" margin={_MARGIN}'
    yield " ".join(f"n{index}" for index in cluster.boxes)
    for number, inner in enumerate(cluster.inner):
        yield from _frame(inner, f"{name}_{number}", names)
    yield "}"


def _layout(graph, boxes: int, arrows: Sequence[tuple[int, int]], names: Sequence[str]) -> Layout:  # type: ignore[no-untyped-def]
    _, _, width, height = map(float, graph.graph_attr["bb"].split(","))

    def upright(x: float, y: float) -> Point:
        return round(x, 1), round(height - y, 1)  # Graphviz measures from below

    def box(index: int) -> Rectangle:
        attributes = graph.get_node(f"n{index}").attr
        middle, above = upright(*map(float, attributes["pos"].split(",")))
        size = float(attributes["width"]) * _POINTS, float(attributes["height"]) * _POINTS
        return Rectangle(
            round(middle - size[0] / 2, 1), round(above - size[1] / 2, 1), round(size[0], 1), round(size[1], 1)
        )

    def frame(name: str) -> Rectangle:
        left, low, right, top = map(float, _subgraph(graph, name).graph_attr["bb"].split(","))
        x, y = upright(left, top)
        return Rectangle(x, y, round(right - left, 1), round(top - low, 1))

    def curve(index: int) -> Curve:
        source, target = arrows[index]
        text = graph.get_edge(f"n{source}", f"n{target}", f"e{index}").attr["pos"]
        tip, points = None, []
        for part in text.split():
            *kind, x, y = part.split(",")
            if kind == ["e"]:
                tip = upright(float(x), float(y))
            elif not kind:
                points.append(upright(float(x), float(y)))
        return Curve(tuple(points), tip or points[-1])

    return Layout(
        round(width, 1),
        round(height, 1),
        tuple(box(index) for index in range(boxes)),
        tuple(frame(name) for name in names),
        tuple(curve(index) for index in range(len(arrows))),
    )


def _subgraph(graph, name: str):  # type: ignore[no-untyped-def]
    """Return a subgraph at any depth."""
    for one in graph.subgraphs_iter():
        if one.name == name:
            return one
        if name.startswith(f"{one.name}_"):
            return _subgraph(one, name)
    raise LookupError(name)
