"""The flows of data: the forbidden ones with the controls that prevent each, and the allowed ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from formats.stack_names import TENANCY
from operations.site.badge import Badge
from operations.site.facts import Flows, SiteFacts
from operations.site.folding import without_addresses, without_project
from operations.site.group_names import GroupNames
from operations.site.pages import Page, Target
from policies.exemptions import Exemption
from policies.reachability.accepted_risks import ACCEPTED
from policies.reachability.allowed_flows import AllowedFlow
from policies.reachability.control_plane import TECHNIQUES
from policies.reachability.control_sets import MAX_CONTROLS, MIN_CONTROLS
from policies.reachability.cut_sets import MinimalCutSets, Path
from policies.reachability.forbidden_flows import FlowKind, ForbiddenFlow
from policies.rule_helpers.flow_findings import POLICIES


@dataclass(frozen=True)
class ControlRow:
    """A control that has to fail."""

    kind: str
    fact: str


@dataclass(frozen=True)
class PathView:
    """A path on which data could move if its controls failed together."""

    end: str
    controls: Sequence[ControlRow]
    steps: Sequence[str]


@dataclass(frozen=True)
class AcceptedRisks:
    """The techniques of the control plane whose risk decisions accept."""

    depth: int
    decisions: tuple[str, ...]
    techniques: tuple[str, ...]
    weakest: PathView | None
    """The weakest path by one of them."""


@dataclass(frozen=True)
class FlowGroup:
    """Forbidden flows of one kind that the same numbers and kinds of control prevent."""

    sources: tuple[str, ...]
    verdict: Badge
    kinds: tuple[str, ...]
    """The kinds of control on the weakest path, with their numbers."""
    weakest: PathView | None
    """The weakest path of the first of them."""
    others: int
    """The number of its other paths that are as weak."""
    exemption: Exemption | None
    accepted: AcceptedRisks | None


@dataclass(frozen=True)
class FlowKindView:
    """One kind of forbidden flow."""

    anchor: str
    policy: str
    must_not: str
    count: int
    fewest: int
    fewest_accepted: int | None
    """The fewest controls against the techniques whose risk decisions accept; None without such."""
    groups: Sequence[FlowGroup]


@dataclass(frozen=True)
class AllowedRow:
    """A way by which people reach data."""

    who: str
    does: str
    to: tuple[str, ...]
    """The containers."""
    steps: tuple[str, ...]
    controls: tuple[str, ...]
    stacks: tuple[str, ...]
    """The stacks that have it; several where it is equal in several tenancies."""


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the page of the flows."""
    names = GroupNames(facts)
    flows = facts.flows
    kinds = kinds_of(flows, names) if flows else ()
    values = {
        "flows": flows,
        "kinds": kinds,
        "allowed": allowed_of(flows, names) if flows else (),
        "dns": [(risk.decision, names.named(risk.text)) for risk in flows.report.accepted] if flows else (),
        "unknowns": [names.named(text) for text in flows.report.unknowns] if flows else (),
        "least": MIN_CONTROLS,
        "accepted": _accepted_of(kinds),
        "total": len(flows.report.flows) if flows else 0,
        "findings": [flow for flow in flows.report.findings if flow not in flows.exempt] if flows else (),
    }
    targets = [Target(f"Forbidden flow {one.must_not}", one.anchor) for one in kinds]
    yield Page("flows.html", "flows.html.j2", "Flows of data", "flows", values, targets)


def _accepted_of(kinds: Sequence[FlowKindView]) -> AcceptedRisks | None:
    """Return the accepted techniques of all flows, with the path that the fewest controls are on; None without such."""
    found = sorted(
        (group.accepted for kind in kinds for group in kind.groups if group.accepted), key=lambda one: one.depth
    )
    if not found:
        return None
    decisions = sorted({decision for one in found for decision in one.decisions})
    techniques = dict.fromkeys(text for one in found for text in one.techniques)
    return AcceptedRisks(found[0].depth, tuple(decisions), tuple(techniques), found[0].weakest)


def kinds_of(flows: Flows, names: GroupNames) -> Sequence[FlowKindView]:
    """Return the forbidden flows by their kind, the one with the fewest controls first."""
    found = []
    for kind in FlowKind:
        own = sorted((flow for flow in flows.report.flows if flow.kind is kind), key=lambda flow: flow.depth)
        groups: dict[tuple[object, ...], list[ForbiddenFlow]] = {}
        for flow in own:
            accepted = flow.accepted.accepted if flow.accepted else ()
            groups.setdefault((flow.depth, _kinds(flow), flows.exempt.get(flow), accepted), []).append(flow)
        if own:
            views = [_group(similar, flows.exempt.get(similar[0]), names) for similar in groups.values()]
            fewest = min((flow.accepted.depth for flow in own if flow.accepted), default=None)
            found.append(
                FlowKindView(POLICIES[kind].lower(), POLICIES[kind], str(kind), len(own), own[0].depth, fewest, views)
            )
    return found


def _group(similar: Sequence[ForbiddenFlow], exemption: Exemption | None, names: GroupNames) -> FlowGroup:
    flow = similar[0]
    paths = _paths(flow)
    return FlowGroup(
        sources=tuple(names.named(one.source) for one in similar),
        verdict=_verdict(flow, exemption),
        kinds=_kinds(flow),
        weakest=_path(paths[0], names) if paths else None,
        others=max(0, len(paths) - 1),
        exemption=exemption,
        accepted=_accepted(flow.accepted, names) if flow.accepted else None,
    )


def count_of(flow: ForbiddenFlow) -> str:
    """Return how many controls prevent a flow."""
    if flow.minimal_cut_sets is None:
        return f"more than {MAX_CONTROLS} controls prevent it"
    if not flow.depth:
        return "no control prevents it"
    return "1 control prevents it" if flow.depth == 1 else f"{flow.depth} controls prevent it"


def _verdict(flow: ForbiddenFlow, exemption: Exemption | None) -> Badge:
    if exemption:
        return Badge("warn", f"{count_of(flow)}; exempt")
    if flow.accepted and not flow.is_finding:
        return Badge("good", f"{count_of(flow)}; {flow.accepted.depth:,} for accepted techniques")
    return Badge("bad" if flow.is_finding else "good", count_of(flow))


def _kinds(flow: ForbiddenFlow) -> tuple[str, ...]:
    found = Counter(str(control.kind) for path in _paths(flow)[:1] for control in path.controls)
    return tuple(kind if count == 1 else f"{count} × {kind}" for kind, count in sorted(found.items()))


def _paths(flow: ForbiddenFlow) -> Sequence[Path]:
    """Return the paths, the weakest first: of equally weak ones, the one with the fewest steps."""
    found = flow.minimal_cut_sets.paths if flow.minimal_cut_sets else ()
    return sorted(found, key=lambda path: (len(path.controls), len(path.steps)))


def _path(path: Path, names: GroupNames) -> PathView:
    controls = [ControlRow(str(one.kind), names.named(one.description)) for one in sorted(path.controls)]
    return PathView(names.named(path.end), controls, [names.named(step) for step in path.steps])


def _accepted(found: MinimalCutSets, names: GroupNames) -> AcceptedRisks:
    known = [key for key in found.accepted if key in ACCEPTED]
    decisions = tuple(sorted({ACCEPTED[key].decision for key in known}))
    paths = sorted(found.paths, key=lambda path: (len(path.controls), len(path.steps)))
    return AcceptedRisks(
        found.depth,
        decisions,
        tuple(TECHNIQUES[key].statement for key in known if key in TECHNIQUES),
        _path(paths[0], names) if paths else None,
    )


def allowed_of(flows: Flows, names: GroupNames) -> Sequence[AllowedRow]:
    """Return the ways by which people reach data. Those that are equal in several tenancies are one row."""
    found: dict[AllowedRow, list[AllowedRow]] = {}
    for flow in flows.allowed:
        row = _allowed(flow, names)
        found.setdefault(_general(row), []).append(row)
    rows = [
        same[0] if len(same) == 1 else replace(general, stacks=tuple(stack for one in same for stack in one.stacks))
        for general, same in found.items()
    ]
    by_way: dict[AllowedRow, list[str]] = {}
    for row in rows:
        by_way.setdefault(replace(row, to=()), []).extend(row.to)
    folded = [replace(row, to=tuple(to)) for row, to in by_way.items()]
    return sorted(folded, key=lambda row: any(stack.startswith(TENANCY) for stack in row.stacks))


def _allowed(flow: AllowedFlow, names: GroupNames) -> AllowedRow:
    return AllowedRow(
        names.named(flow.who),
        flow.does,
        (flow.to,),
        tuple(map(names.named, flow.steps)),
        flow.controls,
        tuple(sorted(flow.stacks)),
    )


def _general(row: AllowedRow) -> AllowedRow:
    """Return a row without what differs between equal tenancies."""
    if len(row.stacks) != 1 or not row.stacks[0].startswith(TENANCY):
        return row
    project = row.stacks[0].removeprefix(TENANCY)

    def general(text: str) -> str:
        return without_addresses(without_project(text, project))

    steps, controls = tuple(map(general, row.steps)), tuple(map(general, row.controls))
    return AllowedRow(general(row.who), row.does, tuple(map(general, row.to)), steps, controls, ())
