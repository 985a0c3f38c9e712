"""Print forbidden flows as a tree, with the number of controls that prevent each, and the weakest path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from formats.stack_config import TenancyConfig, is_kind
from policies.exemptions import Exemption
from policies.reachability.accepted_risks import ACCEPTED
from policies.reachability.allowed_flows import AllowedFlow
from policies.reachability.control_sets import MAX_CONTROLS, MIN_CONTROLS
from policies.reachability.cut_sets import MinimalCutSets, Path
from policies.reachability.forbidden_flows import FlowKind, FlowReport, ForbiddenFlow
from policies.wording import printable

MAX_PATHS = 3
"""The maximum number of equally weak paths that are printed; the JSON has all."""
MAX_NAMES = 4
"""The maximum number of similar flows that are named; the JSON has all."""
Exempt = Mapping[ForbiddenFlow, Exemption]
"""The findings with an exemption, and the exemption."""
NONE: Exempt = {}


def flows_table(report: FlowReport, exempt: Exempt = NONE, allowed: Sequence[AllowedFlow] = ()) -> RenderableType:
    """Return a tree for each kind of flow and one for the ways in, then the properties that could not be read."""
    parts: list[RenderableType] = [_tree(kind, flows, exempt) for kind, flows in _by_kind(report.flows)]
    if allowed:
        parts.append(_allowed_tree(allowed))
    parts += [Text(f"accepted (decision {risk.decision}): {printable(risk.text)}", "dim") for risk in report.accepted]
    parts += [Text(f"! {printable(unknown)}", "yellow") for unknown in report.unknowns]
    return Group(*parts, _summary_line(report, exempt))


def _by_kind(flows: Iterable[ForbiddenFlow]) -> Iterable[tuple[FlowKind, list[ForbiddenFlow]]]:
    found = list(flows)
    return ((kind, similar) for kind in FlowKind if (similar := [flow for flow in found if flow.kind is kind]))


def _tree(kind: FlowKind, flows: list[ForbiddenFlow], exempt: Exempt) -> Tree:
    tree = Tree(Text(f"{kind}", "bold"), guide_style="dim")
    groups: dict[tuple[object, ...], list[ForbiddenFlow]] = {}
    for flow in sorted(flows, key=lambda flow: flow.depth):
        accepted = flow.accepted.accepted if flow.accepted else ()
        groups.setdefault((flow.depth, *_kinds(flow), exempt.get(flow), accepted), []).append(flow)
    for similar in groups.values():
        _add_flow(tree.add(_heading(similar, exempt.get(similar[0]))), similar[0])
    return tree


def _allowed_tree(allowed: Sequence[AllowedFlow]) -> Tree:
    """Return the ways by which people reach data, the ones at desks of projects as a number."""
    tree = Tree(Text("allowed: people reach data", "bold"), guide_style="dim")
    desks = [flow for flow in allowed if flow.at_desk and all(is_kind(s, TenancyConfig) for s in flow.stacks)]
    for flow in allowed:
        if flow not in desks:
            branch = tree.add(Text.assemble((printable(flow.who), "bold"), f" {flow.does} {printable(flow.to)}"))
            branch.add(Text("; ".join(map(printable, flow.controls)), "dim"))
    if desks:
        tree.add(Text(f"and {len(desks)} at desks in projects' stores (--json has them)", "dim"))
    return tree


def _heading(similar: Sequence[ForbiddenFlow], exemption: Exemption | None) -> Text:
    flow = similar[0]
    sign, style, suffix = "✓", "green", ""
    if exemption:
        sign, style, suffix = "–", "yellow", f"; exempt until {exemption.expires} ({exemption.id})"
    elif flow.is_finding:
        sign, style, suffix = "✗", "red", f"; at least {MIN_CONTROLS} are required"
    kinds = f"  ({', '.join(_kinds(flow))})" if flow.minimal_cut_sets and flow.depth else ""
    return Text.assemble((f"{sign} ", style), (_names(similar), "bold"), f"  {_count(flow)}{suffix}", (kinds, "dim"))


def _names(similar: Sequence[ForbiddenFlow]) -> str:
    names = [printable(flow.source) for flow in similar[:MAX_NAMES]]
    return ", ".join(names) + (f" and {len(similar) - MAX_NAMES} similar" if len(similar) > MAX_NAMES else "")


def _count(flow: ForbiddenFlow) -> str:
    if flow.minimal_cut_sets is None:
        return f"more than {MAX_CONTROLS} controls prevent it"
    if not flow.depth:
        return "no control prevents it: it is possible today"
    return "only one control prevents it" if flow.depth == 1 else f"{flow.depth} controls prevent it"


def _kinds(flow: ForbiddenFlow) -> list[str]:
    """Return the kinds of control on the weakest path, with their numbers."""
    found = Counter(str(c.kind) for path in _paths(flow)[:1] for c in path.controls)
    return [kind if count == 1 else f"{count} × {kind}" for kind, count in sorted(found.items())]


def _paths(flow: ForbiddenFlow) -> Sequence[Path]:
    """Return the paths, the weakest first: of equally weak ones, the one with the fewest steps."""
    return sorted(
        flow.minimal_cut_sets.paths if flow.minimal_cut_sets else (),
        key=lambda path: (len(path.controls), len(path.steps)),
    )


def _add_flow(tree: Tree, flow: ForbiddenFlow) -> None:
    """Add a finding with its paths, or a flow that is not a finding with its weakest path in one line; for both, the
    risks that are accepted."""
    paths = _paths(flow)
    if flow.accepted:
        tree.add(_accepted_line(flow.accepted))
    if not flow.is_finding:
        for path in paths[:1]:
            condition = "; ".join(printable(control.description) for control in sorted(path.controls))
            tree.add(Text.assemble(("prevented by: ", "dim"), condition))
            tree.add(Text.assemble(("weakest: ", "dim"), (_steps(path), "dim")))
        return
    for number, path in enumerate(paths[:MAX_PATHS]):
        _add_path(tree, path, "the weakest path" if not number else "another path as weak")
    if len(paths) > MAX_PATHS:
        tree.add(Text(f"and {len(paths) - MAX_PATHS} more as weak (--json has them)", "dim"))


def _accepted_line(found: MinimalCutSets) -> Text:
    """Return the techniques of the control plane whose risk decisions accept."""
    decisions = sorted({ACCEPTED[key].decision for key in found.accepted if key in ACCEPTED})
    count = f"{found.depth} controls" if found.depth != 1 else "1 control"
    techniques = ", ".join(key for key in found.accepted if key in ACCEPTED)
    return Text(f"accepted (decision {', '.join(decisions)}): {count} against {techniques}", "yellow")


def _add_path(tree: Tree, path: Path, title: str) -> None:
    condition = ", which is possible if these fail together" if path.controls else ", which is possible now"
    branch = tree.add(Text(f"{title}, to {printable(path.end)}{condition}:", "dim"))
    for control in sorted(path.controls):
        branch.add(Text.assemble((f"{control.kind}: ", "cyan"), printable(control.description)))
    branch.add(Text.assemble(("then: ", "dim"), _steps(path)))


def _steps(path: Path) -> str:
    return "; ".join(printable(step) for step in path.steps)


def _summary_line(report: FlowReport, exempt: Exempt) -> Text:
    exempted, total = len(exempt), len(report.flows)
    found = len(report.findings) - exempted
    accepted = sum(flow.accepted is not None for flow in report.flows)
    suffix = (f", {exempted} exempt" if exempted else "") + (
        f", apart from accepted risks in {accepted}" if accepted else ""
    )
    if not found:
        return Text(f"flows: {total} forbidden; at least {MIN_CONTROLS} controls prevent each{suffix}",
                    "yellow" if exempted or accepted else "green")  # fmt: skip
    return Text(f"flows: fewer than {MIN_CONTROLS} controls prevent {found} of {total} forbidden flows{suffix}", "red")
