"""The forbidden flows of an estate, and the fewest controls that prevent each of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from formats.addresses import ZoneName
from formats.errors import InputError
from formats.stack_config import JunctionZoneConfig, SafeHavenConfig, TenancyConfig, is_kind
from policies.azure_semantics import ids
from policies.azure_semantics.roles import Right
from policies.equivalence import EquivalenceClasses, EquivalentTenancy, may_fold
from policies.estate_view import EstateView, ReadablePaths, VisibleResource
from policies.model import PolicyContext
from policies.reachability.accepted_risks import ACCEPTED
from policies.reachability.actors import Actor, actors_of
from policies.reachability.control_sets import MAX_CONTROLS, MIN_CONTROLS, Control
from policies.reachability.cut_sets import MinimalCutSets, Path, Search, merged
from policies.reachability.data_stores import DataContainer, DataStores
from policies.reachability.flow_paths import FLOW_PATHS
from policies.reachability.graph import INTERNET, FlowGraph, Node
from policies.reachability.network_reachability import NetworkReachability
from policies.reachability.role_grants import RoleGrants
from policies.reachability.staff_dns_queries import AcceptedDnsQueries, dns_queries_of_staff
from policies.reachability.topology import Topology
from policies.stack_shape import shape_of

ASKED, RELEASED = "asked", "released"
"""The names of the containers in an airlock's pending and approved stores. Only its reviewers move data from the first
to the second."""


class FlowKind(StrEnum):
    """The kinds of forbidden flow. `past` means without passing through."""

    PAST_STAGING = "from a zone to a tenancy, past staging"
    PAST_AIRLOCK = "from a tenancy to the Internet, past the airlock"
    BETWEEN_PROJECTS = "from one project to another"
    BETWEEN_PROVIDERS = "from a provider to another's intake"


KINDS_FROM_TENANCIES = (FlowKind.PAST_AIRLOCK, FlowKind.BETWEEN_PROJECTS)
"""The kinds whose source is a tenancy."""


@dataclass(frozen=True)
class ForbiddenFlow:
    """A flow that must not exist, and the controls that prevent it."""

    kind: FlowKind
    source: str
    """The source of the flow: the name of a zone, the stack of a tenancy, or the label of a provider."""
    subject: str
    """The URN of the resource that a finding is reported on: a resource group, a container, or a store whose resource
    group is not in the plan."""
    stacks: frozenset[str]
    """The stacks in which the flow may start or end."""
    minimal_cut_sets: MinimalCutSets | None
    """None: more controls would have to fail than the analysis counts (at most `MAX_CONTROLS`)."""

    accepted: MinimalCutSets | None = None
    """The paths by techniques of the control plane that fewer controls prevent, and whose risk a decision accepts. None
    where there are none, and in the gate, which asks for findings alone."""

    @property
    def depth(self) -> int:
        """The number of controls that would have to fail at once; `MAX_CONTROLS` + 1 if the analysis did not count
        them."""
        return self.minimal_cut_sets.depth if self.minimal_cut_sets else MAX_CONTROLS + 1

    @property
    def is_finding(self) -> bool:
        """True if too few controls prevent it."""
        return self.depth < MIN_CONTROLS

    def to_json(self) -> dict[str, Any]:
        """Return the flow as JSON values.

        `layers`: the kinds of control that prevent it. `ways`: for each path with the fewest controls, where it ends,
        the controls that must fail, and its steps. `more_than`: the limit, if it was exceeded. `accepted`: the paths
        whose risk a decision accepts, which do not count in `depth`, with their own.
        """
        found = self.minimal_cut_sets
        paths = found.paths if found else ()
        return {
            "flow": self.kind.name.lower().replace("_", "-"),
            "must_not": str(self.kind),
            "from": self.source,
            "about": self.subject,
            "stacks": sorted(self.stacks),
            "depth": self.depth if found else None,
            "more_than": None if found else MAX_CONTROLS,
            "finding": self.is_finding,
            "layers": sorted({str(c.kind) for path in paths for c in path.controls}),
            "ways": [_path_json(path) for path in paths],
            "accepted": _accepted_json(self.accepted) if self.accepted else None,
        }


def _path_json(path: Path) -> dict[str, Any]:
    controls = [{"layer": str(c.kind), "holds": c.description, "control": c.id} for c in sorted(path.controls)]
    return {"to": path.end, "controls": controls, "path": list(path.steps)}


def _accepted_json(found: MinimalCutSets) -> dict[str, Any]:
    return {
        "depth": found.depth,
        "techniques": {key: ACCEPTED[key].decision for key in found.accepted if key in ACCEPTED},
        "ways": [_path_json(path) for path in found.paths],
    }


@dataclass(frozen=True)
class FlowReport:
    """Every forbidden flow of an estate, and the properties that could not be read."""

    flows: tuple[ForbiddenFlow, ...]
    unknowns: tuple[str, ...]
    accepted: tuple[AcceptedDnsQueries, ...] = ()
    """The ways out that no forbidden flow counts, because a decision accepts them."""
    graph: FlowGraph | None = field(default=None, compare=False, repr=False)
    """The graph that was searched: it has two tenancies of each equivalence class."""
    equivalents: tuple[EquivalentTenancy, ...] = field(default=(), compare=False, repr=False)
    """The tenancies that are equivalent to one in the graph."""
    searches: Mapping[ForbiddenFlow, tuple[Search, ...]] = field(default_factory=dict, compare=False, repr=False)
    """The searches for each flow that was analysed."""

    @property
    def findings(self) -> tuple[ForbiddenFlow, ...]:
        """The flows that too few controls prevent."""
        return tuple(flow for flow in self.flows if flow.is_finding)

    @property
    def blocks(self) -> bool:
        """True if the report blocks a deployment: it has a finding, or a property that a flow may depend on could not
        be read."""
        return bool(self.findings or self.unknowns)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values. `enough`: the required number of controls. `doubts`: the properties that
        could not be read."""
        flows = [flow.to_json() for flow in self.flows]
        accepted = [risk.to_json() for risk in self.accepted]
        return {"enough": MIN_CONTROLS, "findings": len(self.findings), "flows": flows, "accepted": accepted,
                "doubts": list(self.unknowns)}  # fmt: skip


def analyse_flows(
    estate: PolicyContext, *, exhaustive: bool = False, limit: int = MAX_CONTROLS, stepwise: bool = True
) -> FlowReport:
    """Return every forbidden flow with the fewest controls that prevent it. Raises `InputError` if the estate has no
    data container.

    `exhaustive`: analyse every tenancy, and do not copy the result of an equivalent one. `limit`: how many controls are
    counted; a flow that more controls prevent is reported without them. `stepwise`: count as few as are required first,
    and as many as the limit only if a flow has more: few flows have, and most of the graph is left out until then.
    """
    readable = ReadablePaths(FLOW_PATHS)
    stacks: dict[str, list[VisibleResource]] = {}
    for resource in estate.resources:
        stacks.setdefault(resource.stack, []).append(readable.visible(resource))
    shapes = [] if exhaustive or not may_fold(stacks) else [shape_of(stack, found) for stack, found in stacks.items()]
    folding = EquivalenceClasses(shapes).folding()
    evaluated = [r for stack, resources in stacks.items() if stack not in folding.absent for r in resources]
    view = EstateView(evaluated, folding, is_complete=estate.is_complete, today=estate.today, members=estate.members)
    found = analyse_view(view, min(limit, MIN_CONTROLS) if stepwise else limit)
    if stepwise and limit > MIN_CONTROLS and any(flow.minimal_cut_sets is None for flow in found.flows):
        found = analyse_view(view, limit)
    flows = tuple(_with_equivalents(found.flows, folding.equivalents, estate))
    return replace(found, flows=flows, equivalents=tuple(folding.equivalents))


def analyse_view(view: EstateView, limit: int = MAX_CONTROLS) -> FlowReport:
    """Return the forbidden flows from the shared stacks, and from each tenancy that does not get a copy of an
    equivalent tenancy's result. `analyse_flows` adds these copies."""
    unknowns: list[str] = []
    topology = Topology(view, unknowns)
    grants = RoleGrants(view)
    stores = DataStores(topology, grants)
    graph = FlowGraph(stores, NetworkReachability(topology, stores), actors_of(topology, grants, stores), limit)
    if not graph.containers:
        raise InputError("The estate has no data containers, so it has no flows to analyse.")
    searched = _ForbiddenFlows(view, graph)
    flows = tuple(searched.all())
    accepted = tuple(dns_queries_of_staff(graph))
    return FlowReport(flows, tuple(dict.fromkeys(unknowns)), accepted, graph, searches=searched.searches)


def _with_equivalents(
    flows: Sequence[ForbiddenFlow], equivalents: Sequence[EquivalentTenancy], estate: PolicyContext
) -> Iterator[ForbiddenFlow]:
    """Yield the flows by kind: first the analysed ones, then the copies for equivalent tenancies."""
    urns = {resource.urn for resource in estate.resources}
    for kind in FlowKind:
        found = [flow for flow in flows if flow.kind is kind]
        yield from found
        by_source = {flow.source: flow for flow in found if kind in KINDS_FROM_TENANCIES}
        for tenancy in equivalents:
            if tenancy.representative in by_source:
                yield _copied_to(tenancy, by_source[tenancy.representative], urns)


def _copied_to(tenancy: EquivalentTenancy, flow: ForbiddenFlow, urns: Collection[str]) -> ForbiddenFlow:
    """Return the representative's flow as a flow of an equivalent tenancy. `urns`: of all resources of the estate."""
    subject = tenancy.rename(flow.subject)
    if subject not in urns:
        raise LookupError(f"{subject} does not exist: {tenancy.stack} is not equivalent to {tenancy.representative}")
    stacks = flow.stacks if flow.kind is FlowKind.BETWEEN_PROJECTS else frozenset([tenancy.stack])
    found, accepted = (
        replace(one, paths=tuple(_renamed_path(tenancy, path) for path in one.paths)) if one else None
        for one in (flow.minimal_cut_sets, flow.accepted)
    )
    return replace(
        flow, source=tenancy.stack, subject=subject, stacks=stacks, minimal_cut_sets=found, accepted=accepted
    )


def _renamed_path(tenancy: EquivalentTenancy, path: Path) -> Path:
    controls = (
        Control(c.kind, tenancy.rename(c.id), tenancy.rename(c.description), tenancy.rename(c.resource))
        for c in path.controls
    )
    return replace(
        path,
        controls=frozenset(controls),
        steps=tuple(map(tenancy.rename, path.steps)),
        end=tenancy.rename(path.end),
    )


class _ForbiddenFlows:
    """Searches the graph of one estate for each forbidden flow."""

    def __init__(self, estate: EstateView, graph: FlowGraph) -> None:
        self.graph = graph
        stacks = dict.fromkeys(r.stack for r in estate.resources)
        self.tenancies = [s for s in stacks if is_kind(s, TenancyConfig)]
        self.all_tenancies = frozenset(self.tenancies) | estate.folding.absent
        self.sources = [stack for stack in self.tenancies if stack not in estate.folding.represented]
        self._second = {one.representative: one.stack for one in estate.folding.equivalents if one.stack in stacks}
        self.zone_stacks = [s for s in stacks if is_kind(s, JunctionZoneConfig, SafeHavenConfig)]
        airlocks = (c for c in graph.containers if c.name in (ASKED, RELEASED))
        self._stages = [c for c in airlocks if c.store.stack in self.all_tenancies]
        self._reviewed: dict[Actor, frozenset[str]] = {}
        self.resource_groups = {ids.plain(g.id): g for g in estate.of("resources:ResourceGroup")}
        self.searches: dict[ForbiddenFlow, tuple[Search, ...]] = {}
        self._granted = _rights_by_scope(graph.actors)
        self._containers: dict[str, list[DataContainer]] = {}
        for container in graph.containers:
            self._containers.setdefault(container.store.stack, []).append(container)
        own = frozenset(self.tenancies)
        nodes: tuple[Node, ...] = (*graph.actors, *graph.containers)
        self._of_tenancies = [(node, found) for node in nodes if (found := _stacks(node)) & own]

    def all(self) -> Iterator[ForbiddenFlow]:
        """Yield the flows in the order of the kinds."""
        yield from self._zones_to_tenancies()
        for tenancy in self.sources:
            yield from self._tenancy_to_internet(tenancy)
        if len(self.tenancies) > 1:
            for tenancy in self.sources:
                yield from self._tenancy_to_tenancies(tenancy)
        yield from self._between_providers()

    def _zones_to_tenancies(self) -> Iterator[ForbiddenFlow]:
        """Yield a flow for each zone. Paths through staging's identities are left out: its mover may write to import
        airlocks."""
        tenancies = frozenset(self.sources)
        staging = [a for a in self._actors(lambda a: self._zone_name(a.group) == ZoneName.STAGING) if not a.is_people]
        zones = [c for c in self.graph.containers if c.store.stack in self.zone_stacks]
        if not tenancies:
            return
        for group in dict.fromkeys(c.store.group for c in zones):
            sources = [c for c in zones if c.store.group == group]
            barred = [*staging, *self._nodes_outside(tenancies)]
            search = self._search(sources, lambda n: bool(_stacks(n) & tenancies), barred=barred)
            stacks = self.all_tenancies | {sources[0].store.stack}
            yield self._flow(FlowKind.PAST_STAGING, self._zone_name(group), self._urn_for(sources), stacks, search)

    def _zone_name(self, group: str) -> str:
        """Return a zone's name: the logical name of its resource group, or else its name in Azure."""
        return self.resource_groups[group].name if group in self.resource_groups else ids.name(group)

    def _urn_for(self, sources: Sequence[Node]) -> str:
        """Return the URN of the resource that a finding about these nodes is reported on."""
        stores = [node.store for node in sources if isinstance(node, DataContainer)]
        groups = [*(s.group for s in stores), *(node.group for node in sources if isinstance(node, Actor))]
        found = [self.resource_groups[group].urn for group in groups if group in self.resource_groups]
        return next(iter([*found, *(s.urn for s in stores), *(n.key for n in sources if isinstance(n, Actor))]))

    def _tenancy_to_internet(self, tenancy: str) -> Iterator[ForbiddenFlow]:
        """Yield the flow from a tenancy to the Internet, without paths through other tenancies: such a path begins with
        a forbidden flow between projects, which needs no more controls to fail and is reported itself."""
        airlock = self._airlock_actors(tenancy)

        def outside(node: Node) -> bool:
            return node == INTERNET or (isinstance(node, Actor) and node.is_people and node not in airlock)

        data = self._data_of(tenancy)
        if data:
            barred = [*airlock, *self._nodes_outside(frozenset([tenancy]))]
            search = self._search(data, outside, barred, self._is_approval)
            yield self._flow(FlowKind.PAST_AIRLOCK, tenancy, self._urn_for(data), frozenset([tenancy]), search)

    def _tenancy_to_tenancies(self, tenancy: str) -> Iterator[ForbiddenFlow]:
        """Yield the flow from a tenancy to all others, without paths through its airlocks' actors.

        One tenancy of each class stands for all of it: where two are equivalent, so are the paths to them. Of the
        tenancy's own class, this is the second.
        """
        others = frozenset([*self.sources, self._second.get(tenancy, tenancy)]) - {tenancy}

        def is_of_others(node: Node) -> bool:
            own = isinstance(node, Actor) and tenancy in node.stacks
            return bool(_stacks(node) & others) and not own

        data = self._data_of(tenancy)
        if data:
            barred = [*self._airlock_actors(tenancy), *self._nodes_outside(others | {tenancy})]
            search = self._search(data, is_of_others, barred, self._is_approval)
            yield self._flow(FlowKind.BETWEEN_PROJECTS, tenancy, self._urn_for(data), self.all_tenancies, search)

    def _between_providers(self) -> Iterator[ForbiddenFlow]:
        """Yield a flow for each provider: a group with a role on a container of the junction zone."""
        intakes = [c for c in self.graph.containers if is_kind(c.store.stack, JunctionZoneConfig)]
        owners = {c: [a for a in self._granted.get(c.id, ()) if a.is_people] for c in intakes}
        for provider in dict.fromkeys(a for found in owners.values() for a in found):
            own = [c for c, who in owners.items() if provider in who]
            others = [c for c, who in owners.items() if who and provider not in who]
            if others:
                yield self._provider_to_providers(provider, own, others)

    def _provider_to_providers(
        self, provider: Actor, own: Sequence[DataContainer], others: Sequence[DataContainer]
    ) -> ForbiddenFlow:
        """Return the flow between one provider's intake and the others', in the direction with fewer controls. The
        stewards and the mover have a role on the whole store, and are left out."""
        stores = {container.store for container in others}
        managers = self._actors(lambda a: any(a.may(s.id) & (Right.READ | Right.WRITE) for s in stores))
        into_others = self._search([provider], lambda node: node in others, barred=managers)
        from_others = self._search(others, lambda node: node is provider, barred=managers)
        stacks = frozenset(store.stack for store in stores)
        return self._flow(FlowKind.BETWEEN_PROVIDERS, provider.label, own[0].urn, stacks, into_others, from_others)

    def _flow(
        self, kind: FlowKind, source: str, subject: str, stacks: frozenset[str], *searches: Search
    ) -> ForbiddenFlow:
        """Return a flow with the fewest controls that any of its searches found."""
        found = (search.found for search in searches)
        fewest = min((one for one in found if one), key=lambda one: one.depth, default=None)
        accepted = (search.accepted for search in searches) if self.graph.limit >= MIN_CONTROLS else ()
        flow = ForbiddenFlow(kind, source, subject, stacks, fewest, merged(accepted))
        self.searches[flow] = searches
        return flow

    def _search(
        self,
        sources: Sequence[Node],
        is_sink: Callable[[Node], bool],
        barred: Iterable[Node] = (),
        is_approval: Callable[[Node, Node], bool] = lambda *_: False,
    ) -> Search:
        """Return the search for the paths that do not pass through a barred node or the Internet: data that reaches
        the Internet is a forbidden flow already. `is_approval`: moves that are no part of such a path."""
        return Search(self.graph, tuple(sources), is_sink, frozenset([INTERNET, *barred]), is_approval)

    def _nodes_outside(self, tenancies: frozenset[str]) -> list[Node]:
        """Return the nodes that belong to other tenancies than these alone."""
        return [node for node, stacks in self._of_tenancies if stacks.isdisjoint(tenancies)]

    def _actors(self, wanted: Callable[[Actor], bool]) -> list[Actor]:
        return [actor for actor in self.graph.actors if wanted(actor)]

    def _data_of(self, tenancy: str) -> list[Node]:
        """Return the nodes with a tenancy's data: its computers, and its containers except those with approved exports,
        which may leave."""
        data = [c for c in self._containers.get(tenancy, ()) if not c.store.is_vault]
        computers = self._actors(lambda a: a.is_computer and tenancy in a.stacks)
        return [*computers, *(c for c in data if not (c.name == RELEASED and self._is_of_export_airlock(c, tenancy)))]

    def _airlock_actors(self, tenancy: str) -> frozenset[Actor]:
        """Return the actors that may move data through a tenancy's airlocks: the reviewers, and staging's mover, which
        writes to the import airlock. The computers of reviewers are not among them: of what they can do, only the
        review is left out of the flows (`_is_approval`)."""
        stages = self._containers.get(tenancy, ())
        submitting = [a for c in stages if c.name == ASKED for a in self._granted.get(c.id, ())]
        movers = (a for a in submitting if not a.is_people and tenancy not in a.stacks and not a.is_of_staff)
        releasing = (a for c in stages if c.name == RELEASED for a in self._holders(c, Right.WRITE))
        return frozenset([*movers, *(a for a in releasing if a.is_people)])

    def _holders(self, container: DataContainer, wanted: Right) -> list[Actor]:
        """Return the actors with a role on exactly that container that gives them a right."""
        return [actor for actor, rights in self._granted.get(container.id, {}).items() if rights & wanted]

    def _is_approval(self, node: Node, to: Node) -> bool:
        """True if a computer of reviewers writes to an airlock that it reviews: data in there has their approval, or
        waits for it. A computer that reviews imports and exports could move what one airlock holds past the other,
        so its moves count."""
        if not isinstance(node, Actor) or not node.is_of_staff or not isinstance(to, DataContainer):
            return False
        return to.id in self._reviewed_by(node)

    def _reviewed_by(self, actor: Actor) -> frozenset[str]:
        """Return the containers of the airlocks that a computer of reviewers reaches and reviews, if all are import
        airlocks or all are export airlocks."""
        if actor not in self._reviewed:
            stages = (c for c in self._stages if actor in self._granted.get(c.id, ()))
            reached = [c for c in stages if self._reaches(actor, c)]
            pending = [c for c in reached if c.name == ASKED]
            approved = [c for c in reached if c.name == RELEASED and actor in self._holders(c, Right.WRITE)]
            kinds = {self._is_of_export_airlock(c, c.store.stack) for c in approved}
            self._reviewed[actor] = frozenset(c.id for c in (*pending, *approved)) if len(kinds) == 1 else frozenset()
        return self._reviewed[actor]

    def _reaches(self, actor: Actor, container: DataContainer) -> bool:
        """True if no control is on an actor's network path to a store."""
        to_store = self.graph.reachability.to_store
        found = (to_store(location, container.store, self.graph.limit) for location in actor.locations)
        return any(not control_set.mask for control_sets in found for control_set in control_sets)

    def _is_of_export_airlock(self, released: DataContainer, tenancy: str) -> bool:
        """True if a container of approved files is the export airlock's: only actors of the project submit to it."""
        reviewers = {a for a in self._holders(released, Right.WRITE) if not a.is_of_staff}
        pending = [c for c in self._containers.get(tenancy, ()) if c.name == ASKED]
        asked = [
            c for c in pending if any(self._granted.get(c.id, {}).get(a, Right.NONE) & Right.READ for a in reviewers)
        ]
        writers = {a for c in asked for a in self._holders(c, Right.WRITE) if not a.is_of_staff}
        submitters = writers - reviewers
        return bool(submitters) and all(tenancy in a.stacks for a in submitters)


def _rights_by_scope(actors: Iterable[Actor]) -> Mapping[str, Mapping[Actor, Right]]:
    """Return the actors with roles on exactly each scope, and the rights that these give them."""
    found: dict[str, dict[Actor, Right]] = {}
    for actor in actors:
        for grant in actor.grants:
            if grant.rights:
                rights = found.setdefault(grant.scope, {})
                rights[actor] = rights.get(actor, Right.NONE) | grant.rights
    return found


def _stacks(node: Node) -> frozenset[str]:
    if isinstance(node, Actor):
        return node.stacks
    return frozenset([node.store.stack]) if isinstance(node, DataContainer) else frozenset()
