"""Flows that must not exist, as a person reads them: how many controls stand before each, and the weakest way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from policies.exemptions import Exemption
from policies.reachability.assertions import ENOUGH, Forbidden, Kind, Verdict
from policies.reachability.control_sets import MOST
from policies.reachability.graph import Path
from policies.wording import printable

SHOWN = 3
"""Equally weak ways that are written out; the JSON has the others."""
NAMED = 4
"""Of flows that are alike, as many are named; the JSON has the others."""
Exempt = Mapping[Forbidden, Exemption]
"""The findings that somebody is let off, and by what."""
NONE: Exempt = {}


def flows_table(verdict: Verdict, exempt: Exempt = NONE) -> RenderableType:
    """All that a reviewer must look at, a tree for each kind of flow."""
    parts: list[RenderableType] = [_tree(kind, flows, exempt) for kind, flows in _by_kind(verdict.flows)]
    parts += [Text(f"! {printable(doubt)}", "yellow") for doubt in verdict.doubts]
    return Group(*parts, _last(verdict, exempt))


def _by_kind(flows: Iterable[Forbidden]) -> Iterable[tuple[Kind, list[Forbidden]]]:
    found = list(flows)
    return ((kind, same) for kind in Kind if (same := [flow for flow in found if flow.kind is kind]))


def _tree(kind: Kind, flows: list[Forbidden], exempt: Exempt) -> Tree:
    tree = Tree(Text(f"{kind}", "bold"), guide_style="dim")
    alike: dict[tuple[object, ...], list[Forbidden]] = {}
    for flow in sorted(flows, key=lambda flow: flow.depth):
        alike.setdefault((flow.depth, *_kinds(flow), exempt.get(flow)), []).append(flow)
    for same in alike.values():
        _branch(tree.add(_head(same, exempt.get(same[0]))), same[0])
    return tree


def _head(same: Sequence[Forbidden], exemption: Exemption | None) -> Text:
    flow = same[0]
    if exemption:
        sign, style, more = "–", "yellow", f"; {exemption.id} lets it off until {exemption.expires}"
    else:
        sign, style, more = ("✗", "red", f"; {ENOUGH} at least must") if flow.is_finding else ("✓", "green", "")
    kinds = f"  ({', '.join(_kinds(flow))})" if flow.weakest and flow.depth else ""
    return Text.assemble((f"{sign} ", style), (_names(same), "bold"), f"  {_count(flow)}{more}", (kinds, "dim"))


def _names(same: Sequence[Forbidden]) -> str:
    named = [printable(flow.source) for flow in same[:NAMED]]
    return ", ".join(named) + (f" and {len(same) - NAMED} more alike" if len(same) > NAMED else "")


def _count(flow: Forbidden) -> str:
    if flow.weakest is None:
        return f"more than {MOST} controls stand before it"
    if not flow.depth:
        return "nothing stands before it: it may flow today"
    return "one control alone stands before it" if flow.depth == 1 else f"{flow.depth} controls stand before it"


def _kinds(flow: Forbidden) -> list[str]:
    """The kinds of control on the weakest way, and how many of each."""
    found = Counter(str(c.layer) for way in _ways(flow)[:1] for c in way.controls)
    return [kind if count == 1 else f"{count} × {kind}" for kind, count in sorted(found.items())]


def _ways(flow: Forbidden) -> Sequence[Path]:
    """The weakest first: of equally weak ones, the shortest story."""
    return sorted(flow.weakest.ways if flow.weakest else (), key=lambda way: (len(way.controls), len(way.steps)))


def _branch(tree: Tree, flow: Forbidden) -> None:
    """A finding with its ways; of a flow that is stopped well enough, the weakest in a line."""
    ways = _ways(flow)
    if not flow.is_finding:
        for way in ways[:1]:
            held = "; ".join(printable(control.says) for control in sorted(way.controls))
            tree.add(Text.assemble(("held by: ", "dim"), held))
            tree.add(Text.assemble(("weakest: ", "dim"), (_story(way), "dim")))
        return
    for number, way in enumerate(ways[:SHOWN]):
        _way(tree, way, "the weakest way" if not number else "another as weak")
    if len(ways) > SHOWN:
        tree.add(Text(f"and {len(ways) - SHOWN} more as weak (--json has them)", "dim"))


def _way(tree: Tree, way: Path, title: str) -> None:
    held = ", which opens if these fail at once" if way.controls else ", which is open"
    branch = tree.add(Text(f"{title}, to {printable(way.end)}{held}:", "dim"))
    for control in sorted(way.controls):
        branch.add(Text.assemble((f"{control.layer}: ", "cyan"), printable(control.says)))
    branch.add(Text.assemble(("then: ", "dim"), _story(way)))


def _story(way: Path) -> str:
    return "; ".join(printable(words) for words in way.steps)


def _last(verdict: Verdict, exempt: Exempt) -> Text:
    let_off, every = len(exempt), len(verdict.flows)
    found = len(verdict.findings) - let_off
    exempted = f", {let_off} exempt" if let_off else ""
    if not found:
        return Text(f"flows: {every} that must not exist; {ENOUGH} controls or more stand before each{exempted}",
                    "yellow" if let_off else "green")  # fmt: skip
    return Text(f"flows: before {found} of {every} that must not exist stand fewer than {ENOUGH} controls{exempted}",
                "red")  # fmt: skip
