"""Flows that must not exist, as a person reads them: how many controls stand before each, and the weakest way."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from policies.flows.claims import ENOUGH, Forbidden, Kind, Verdict
from policies.flows.graph import Path
from policies.flows.ways import MOST
from policies.wording import printable

SHOWN = 3
"""Equally weak ways that are written out; the JSON has the others."""


def flows_table(verdict: Verdict) -> RenderableType:
    """All that a reviewer must look at, a tree for each kind of flow."""
    parts: list[RenderableType] = [_tree(kind, flows) for kind, flows in _by_kind(verdict.flows)]
    parts += [Text(f"! {printable(doubt)}", "yellow") for doubt in verdict.doubts]
    return Group(*parts, _last(verdict))


def _by_kind(flows: Iterable[Forbidden]) -> Iterable[tuple[Kind, list[Forbidden]]]:
    found = list(flows)
    return ((kind, same) for kind in Kind if (same := [flow for flow in found if flow.kind is kind]))


def _tree(kind: Kind, flows: list[Forbidden]) -> Tree:
    tree = Tree(Text(f"{kind}", "bold"), guide_style="dim")
    seen: set[tuple[str, ...]] = set()
    for flow in sorted(flows, key=lambda flow: flow.depth):
        branch, alike = tree.add(_head(flow)), (str(flow.depth), *layers(flow))
        if alike in seen:
            branch.add(Text("in the same way", "dim"))
        else:
            _branch(branch, flow)
        seen.add(alike)
    return tree


def _head(flow: Forbidden) -> Text:
    sign, style = ("✗", "red") if flow.is_finding else ("✓", "green")
    count = f"more than {MOST} controls" if flow.weakest is None else _controls(flow.depth)
    kinds = f"  ({', '.join(layers(flow))})" if flow.weakest and flow.depth else ""
    return Text.assemble(
        (f"{sign} ", style), (printable(flow.source), "bold"), f"  {count} would have to fail", (kinds, "dim")
    )


def layers(flow: Forbidden) -> list[str]:
    """The kinds of control on the weakest ways."""
    return list(
        dict.fromkeys(str(c.layer) for way in (flow.weakest.ways if flow.weakest else ()) for c in sorted(way.controls))
    )


def _branch(tree: Tree, flow: Forbidden) -> None:
    """A finding with its ways; of a flow that is stopped well enough, the weakest."""
    if flow.weakest is None:
        return
    ways = flow.weakest.ways
    for way in ways[: SHOWN if flow.is_finding else 1]:
        _way(tree, way)
    if flow.is_finding and len(ways) > SHOWN:
        tree.add(Text(f"and {len(ways) - SHOWN} more such ways (--json has them)", "dim"))


def _way(tree: Tree, way: Path) -> None:
    branch = tree.add(Text(f"to {printable(way.end)}, if at once it comes about", "dim"))
    for control in sorted(way.controls):
        branch.add(Text.assemble((f"{control.layer}: ", "cyan"), f'that "{printable(control.says)}" fails'))
    branch.add(Text.assemble(("then: ", "dim"), "; ".join(printable(words) for words in way.steps)))


def _controls(count: int) -> str:
    return {0: "no control at all", 1: "one control"}.get(count, f"{count} controls")


def _last(verdict: Verdict) -> Text:
    found = len(verdict.findings)
    if not found:
        return Text(
            f"flows: {len(verdict.flows)} that must not exist, each stopped by {ENOUGH} controls or more", "green"
        )
    return Text(
        f"flows: {found} of {len(verdict.flows)} that must not exist are stopped by fewer than {ENOUGH} controls", "red"
    )
