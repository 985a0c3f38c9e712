"""The flow graph: nodes that hold data, and the moves between them.

Nodes are containers, actors and the Internet. An edge is one move of data, with the controls that prevent it: on the
right to the data, and on the network path. The edges of a node are created when the search reaches it
(`cut_sets.py`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from policies.azure_semantics.roles import Right
from policies.reachability.actors import Actor
from policies.reachability.bounds import Bounds
from policies.reachability.control_plane import SAS
from policies.reachability.control_plane_edges import ControlPlane, Exit, Target
from policies.reachability.control_sets import (
    ALWAYS,
    MAX_CONTROLS,
    MIN_CONTROLS,
    NEVER,
    ControlSet,
    ControlSets,
    all_of,
    any_of,
)
from policies.reachability.data_stores import DataContainer, DataStore, DataStores, StoreKind
from policies.reachability.network_reachability import NetworkReachability
from policies.reachability.strangers import Strangers, is_near

if TYPE_CHECKING:
    import networkx as nx

Node = DataContainer | Actor | str
INTERNET = "the Internet"


class Edge(NamedTuple):
    """One way to move data from a node to another."""

    to: Node
    control_set: ControlSet
    description: str
    techniques: tuple[str, ...] = ()
    """The techniques of the control plane (`control_plane.py`) that are this edge."""


Edges = tuple[Edge, ...]


class Moves(NamedTuple):
    """The edges from one node to another."""

    usual: Edges
    accepted: Edges
    """Those whose risk a decision accepts."""

    def of(self, *, with_accepted: bool) -> Edges:
        """Return the usual edges, with or without the others."""
        return self.usual + self.accepted if with_accepted else self.usual


def id_of(node: Node) -> str:
    """Return the id of a node, which no other node of its kind has."""
    return node if isinstance(node, str) else node.key if isinstance(node, Actor) else node.id


def label_of(node: Node) -> str:
    """Return the name of a node in reports."""
    return node if isinstance(node, str) else node.label


def kind_of(node: Node) -> str:
    """Return the kind of a node, in one word."""
    if isinstance(node, str):
        return "internet"
    if not isinstance(node, Actor):
        return "container"
    return "people" if node.is_people else "computer" if node.is_computer else "identity"


class FlowGraph:
    """The graph of how data could move through an estate."""

    def __init__(
        self,
        stores: DataStores,
        reachability: NetworkReachability,
        actors: Iterable[Actor],
        limit: int = MAX_CONTROLS,
    ) -> None:
        """`limit`: sets of more controls are left out."""
        self.stores, self.reachability, self.limit = stores, reachability, limit
        self.actors = tuple(actors)
        self.containers = tuple(stores.containers.values())
        self.registry = stores.topology.registry
        self.control_plane, self.strangers = ControlPlane(stores.topology), Strangers(self.actors)
        self._edges: dict[tuple[Node, Node], Moves] = {}
        self._access_cache: dict[tuple[str, str, bool, bool], ControlSets] = {}
        self._ungranted: dict[Actor, int] = {actor: self.registry.bit(actor.ungranted) for actor in self.actors}
        self._travels: dict[Actor, ControlSets] = {}
        self._models: dict[object, Moves] = {}
        self._open: dict[Node, list[tuple[int, Node, object]]] = {}
        """The successors of a node that have no model and are not cut off from it, with their places in the order."""
        self._far: dict[object, list[Actor]] = {}
        for actor in self.actors:
            if actor.is_people:
                self._far.setdefault(actor.far, []).append(actor)
        beyond: tuple[Node, ...] = (INTERNET, *self.actors)
        self._next = {Actor: (*beyond, *self.containers), DataContainer: beyond}
        self._order = {node: number for number, node in enumerate(self._next[Actor])}

    @property
    def moves(self) -> nx.MultiDiGraph[Node]:
        """The edges that the searches reached, each as the attribute `edge`."""
        import networkx as nx  # noqa: PLC0415 - every command reads the catalogue; few follow flows

        moves: nx.MultiDiGraph[Node] = nx.MultiDiGraph()
        moves.add_edges_from((*ends, {"edge": edge}) for ends, found in self._edges.items() for edge in found.usual)
        return moves

    def every_node(self) -> Iterable[Node]:
        """Return every node that data could reach."""
        nodes: dict[Node, None] = dict.fromkeys((*self.actors, *self.containers))
        todo = list(nodes)
        for node in todo:
            for to in self._successors(node):
                if to not in nodes:
                    nodes[to] = None
                    todo.append(to)
        return nodes

    def every_edge(self) -> Iterator[tuple[Node, Edge, bool]]:
        """Yield every edge with its start, and True if a decision accepts its risk. Keep none."""
        for node in self.every_node():
            for to in self._successors(node):
                found = self._edges.get((node, to)) or self._created(node, to)
                yield from ((node, edge, False) for edge in found.usual)
                yield from ((node, edge, True) for edge in found.accepted)

    def outgoing(
        self,
        node: Node,
        is_relevant: Callable[[Node, int], bool],
        is_sink: Callable[[Node], bool],
        bounds: Bounds,
        *,
        with_accepted: bool,
    ) -> Iterator[Edge]:
        """Yield the outgoing edges to relevant nodes, one for each class of equivalent sinks. `with_accepted`: also
        those whose risk a decision accepts.

        `is_relevant` receives the bit of a control that all parallel edges have in common, or 0.
        """
        seen: set[object] = set()
        unfit: set[object] = set()
        for to, model in self._open_successors(node, unfit):
            if not is_relevant(to, self._common_control(node, to)):
                continue
            key = self._equivalence_key(node, to) if is_sink(to) else None
            if key in seen:
                continue
            if key:
                seen.add(key)
            edges = self._edges_between(node, to, model, bounds, with_accepted=with_accepted)
            if edges:
                yield from edges
            elif model:
                unfit.add(model)

    def _open_successors(self, node: Node, unfit: Collection[object]) -> Iterator[tuple[Node, object]]:
        """Yield the successors of a node that are not cut off from it, in their order; people who have a model for
        their edges with its key, until that is unfit."""
        if node not in self._open:
            found = (to for to in self._successors(node) if self._model_key(node, to) is None)
            self._open[node] = [(self._order[to], to, None) for to in found if not self._is_cut_off(node, to)]
        far = self._far.values() if isinstance(node, DataContainer) else ()
        with_model = (self._with_model(node, people, unfit) for people in far)
        yield from ((to, model) for _, to, model in heapq.merge(self._open[node], *with_model))

    def _with_model(
        self, node: Node, people: Sequence[Actor], unfit: Collection[object]
    ) -> Iterator[tuple[int, Node, object]]:
        """Yield those of some people who have a model for their edges from a node, until that is unfit."""
        for to in people:
            model = self._model_key(node, to)
            if model in unfit:
                return
            if model is not None:
                yield self._order[to], to, model

    def _edges_between(
        self, node: Node, to: Node, model: object, bounds: Bounds, *, with_accepted: bool
    ) -> Sequence[Edge]:
        """Return the edges from one node to another, which are created once. Those of people with a model are made
        from its edges each time, and only those that fit."""
        known = self._edges.get((node, to)) or self._models.get(model)
        if known is None:
            known = self._edges[node, to] = self._created(node, to)
            if model:
                self._models[model] = known
        found = known.of(with_accepted=with_accepted)
        if not any(edge.control_set.mask.bit_count() <= bounds.most for edge in found):
            return ()
        model_node = found[0].to
        if not isinstance(to, Actor) or not isinstance(model_node, Actor) or model_node is to:
            return found
        return list(self._made_from(found, model_node, to, bounds))

    def _made_from(self, edges: Edges, model: Actor, to: Actor, bounds: Bounds) -> Iterator[Edge]:
        """Yield a model's edges as those of another actor, if they fit."""
        theirs, own = self._ungranted[model], self._ungranted[to]
        for edge in edges:
            mask = edge.control_set.mask
            mask = mask ^ theirs | own if mask & theirs else mask
            if bounds.fits(mask, edge.techniques):
                text = to.label + edge.description.removeprefix(model.label)
                yield Edge(to, ControlSet(mask, edge.control_set.steps), text, edge.techniques)

    def _model_key(self, node: Node, to: Node) -> object:
        """Return a key that is equal for people whose edges from a container differ in themselves alone, since they
        have no right to it and are no nearer to its store; None for others."""
        if not isinstance(node, DataContainer) or not isinstance(to, Actor) or not to.is_people or to.controls:
            return None
        return None if to in self.strangers.others(node) or is_near(to, node.store) else (node, to.far)

    def _created(self, node: Node, to: Node) -> Moves:
        usual = self._edges_of(node, to)
        exits = [one for one in self._exits(node, to) if not _contains_any(one, usual)]
        others = (_exit_edge(node, to, one) for one in exits if not one.is_accepted)
        return Moves((*usual, *others), tuple(_exit_edge(node, to, one) for one in exits if one.is_accepted))

    def _is_cut_off(self, node: Node, to: Node) -> bool:
        """True if there is certainly no edge between two nodes, by the controls that all resources of a network have
        in common. In an estate of many projects that is so for nearly all computers, and takes a fraction of the
        time in which the edges are created."""
        if isinstance(node, str) or isinstance(to, str):
            return False
        if isinstance(node, Actor) and isinstance(to, Actor):
            return self._are_apart(node, to)
        actor, container = (to, node) if isinstance(node, DataContainer) else (node, to)
        if not isinstance(actor, Actor) or not isinstance(container, DataContainer):
            return False
        return self._cannot_act_on(actor, container) and all(
            self.reachability.is_cut_off(location, container.store, self.limit - 1) for location in actor.locations
        )

    def _are_apart(self, sender: Actor, other: Actor) -> bool:
        """True if a computer or identity cannot send to a computer, which cannot take its data either."""
        if sender.is_people or sender.controls or not other.is_computer:
            return False
        if sender.is_computer and not self._cannot_act_on(other, sender):
            return False
        return not any(
            self.reachability.to_computer(mine, theirs, self.limit)
            for mine in sender.locations
            for theirs in other.locations
        )

    def _cannot_act_on(self, actor: Actor, target: Target) -> bool:
        """True if a computer or identity without a right to a target has too many controls on its own way to Azure
        Resource Manager for any technique of the control plane."""
        if actor.is_people or actor.controls or actor in self.strangers.others(target):
            return False
        travel = self._travel(actor)
        return not travel or travel[0].size >= self._exit_limit(actor)

    def _exits(self, node: Node, to: Node) -> Sequence[Exit]:
        """Return the techniques of the control plane with which data moves from one node to another."""
        if isinstance(node, str) or node is to:
            return ()
        if isinstance(to, Actor) and (isinstance(node, DataContainer) or node.is_computer):
            needed = self._travel(to)
            if isinstance(node, DataContainer):
                needed = all_of(needed, node.store.encryption)
            exits = self.control_plane.exits(to, node, needed, limit=self._exit_limit(to))
            return [*exits, *self._by_sas(node, to)]
        if isinstance(node, Actor) and isinstance(to, DataContainer) and not to.store.is_vault:
            return self.control_plane.exits(node, to, self._travel(node), into=True, limit=self._exit_limit(node))
        return ()

    def _exit_limit(self, actor: Actor) -> int:
        """Return the limit on the controls of a technique. For a computer or identity, which needs a network path too,
        sets of more controls than a flow must have are left out."""
        return self.limit if actor.is_people else min(self.limit, MIN_CONTROLS)

    def _travel(self, actor: Actor) -> ControlSets:
        """Return the controls on reaching Azure Resource Manager, which is on the Internet, as people are."""
        if actor.is_people:
            return ALWAYS
        if actor not in self._travels:
            self._travels[actor] = self._to_internet(actor)[0]
        return self._travels[actor]

    def _by_sas(self, node: Node, to: Actor) -> list[Exit]:
        """Return the ways to read a container with a SAS that a computer with access to it signs: the reader needs no
        role. They are accepted risks alone, and the gate leaves them out: with a role in place of the SAS there is one
        control more, so one with too few controls to be accepted is a finding with the role too."""
        if not isinstance(node, DataContainer) or self.limit < MIN_CONTROLS or node.id not in self._signed:
            return []
        if to.may(node.id) & Right.READ:
            return []
        paths = all_of(self._reach(to, node.store, ALWAYS, MIN_CONTROLS - 1), node.store.encryption)
        exits = (one for path in paths for one in self.control_plane.exits_of((SAS,), path, to))
        return [one for one in exits if one.is_accepted]

    @cached_property
    def _signed(self) -> frozenset[str]:
        """The containers that a computer reads with a right of its own, with which it can sign a SAS."""
        computers = [a for a in self.actors if a.is_computer]
        found = (c for c in self.containers if c.store.kind is StoreKind.ACCOUNT)
        return frozenset(c.id for c in found if any(a.may(c.id) & Right.READ for a in computers))

    def _common_control(self, node: Node, to: Node) -> int:
        """Return the bit of the control that every edge between two nodes has: that the actor has no right to the
        container. 0 if there is no such control."""
        actor, container = (to, node) if isinstance(node, DataContainer) else (node, to)
        if not isinstance(actor, Actor) or not isinstance(container, DataContainer):
            return 0
        return self._ungranted[actor] if self._has_no_right(actor, container) else 0

    def _has_no_right(self, actor: Actor, target: Target) -> bool:
        """True if an actor has no right to the data of a target, and no operation on it."""
        if actor not in self.strangers.others(target):
            return True
        has_right = isinstance(target, DataContainer) and actor.may(target.id)
        return not has_right and not self.control_plane.held(actor, target)

    def _edges_of(self, node: Node, to: Node) -> tuple[Edge, ...]:
        control_sets, description = self._transfer(node, to)
        return tuple(Edge(to, control_set, description) for control_set in control_sets)

    def _equivalence_key(self, node: Node, to: Node) -> object:
        """Return a key that is equal for sinks with the same controls; None for a sink without an equivalent. People
        without a right to the store are equivalent, and so are containers of one store with the same rights."""
        if isinstance(node, DataContainer) and isinstance(to, Actor) and to.is_people:
            return (to.locations, to.kind) if not to.controls and self._has_no_right(to, node) else None
        if isinstance(node, Actor) and node.is_computer and isinstance(to, Actor) and to.is_people:
            is_outside = not to.controls and to.key not in node.principals
            return to.kind if is_outside and self._has_no_right(to, node) else None
        if isinstance(node, Actor) and isinstance(to, DataContainer):
            return (to.store.id, node.may(to.id))
        return None

    def _successors(self, node: Node) -> Iterable[Node]:
        """Return the nodes that data could reach from a node in one move."""
        return () if isinstance(node, str) else self._next[type(node)]

    def _transfer(self, node: Node, to: Node) -> tuple[ControlSets, str]:
        """Return the controls on a move from one node to another, and its description."""
        if isinstance(node, DataContainer):
            if isinstance(to, Actor):
                wanted = Right.SECRETS if node.store.is_vault else Right.READ
                control_sets = self._access(to, node, wanted)
                return all_of(control_sets, node.store.encryption), f"{to.label} reads {node.label}"
            return self._anonymous(node), f"anonymous access reads {node.label}"
        if isinstance(node, str):
            return NEVER, ""
        if isinstance(to, DataContainer):
            return NEVER if to.store.is_vault else self._access(
                node, to, Right.WRITE
            ), f"{node.label} writes to {to.label}"
        return self._to_actor(node, to) if isinstance(to, Actor) else self._to_internet(node)

    def _anonymous(self, container: DataContainer) -> ControlSets:
        """Return the controls on reading without a sign-in, from an address that the store admits if there is one."""
        public = container.store.public
        return all_of(container.anonymous, public.controls(public.admitted)) if container.anonymous else NEVER

    def _access(self, actor: Actor, container: DataContainer, wanted: Right) -> ControlSets:
        """Return the controls on access to a container: a network path to the store, and a right to the data, an
        account key, or a right to change rights."""
        rights, store = actor.may(container.id), container.store
        granted, listed = bool(rights & (wanted | Right.CONTROL)), bool(rights & Right.KEYS)
        key = (actor.key, store.id, granted, listed)
        if key not in self._access_cache:
            ungranted = self.registry.requiring(actor.ungranted)
            by_key = NEVER if store.is_vault else all_of(store.keys, ALWAYS if listed else ungranted)
            right = ALWAYS if granted else any_of(ungranted, by_key)
            self._access_cache[key] = all_of(
                self._reach(actor, store, right, self._limit(actor)), right, limit=self._limit(actor)
            )
        return self._access_cache[key]

    def _reach(self, actor: Actor, store: DataStore, right: ControlSets, limit: int) -> ControlSets:
        """Return the controls on reaching a store. If the right to the data needs a control, there may be one fewer:
        the controls on a right are on no network path."""
        left = limit if right == ALWAYS or actor.controls else limit - 1
        control_sets = any_of(*(self.reachability.to_store(location, store, left) for location in actor.locations))
        return self.registry.without_controls_in(control_sets, actor.controls)

    def _limit(self, actor: Actor) -> int:
        """Return the limit on the controls of an actor: none of those that it can change count in the end."""
        return MAX_CONTROLS if actor.controls else self.limit

    def _to_internet(self, actor: Actor) -> tuple[ControlSets, str]:
        """Return the controls on sending data to the Internet."""
        control_sets = any_of(
            # DNS queries of staff machines are an accepted risk, which the report lists (docs/decisions, 0020).
            *(
                (self.reachability.to_internet if actor.is_of_staff else self.reachability.to_outsiders)(
                    location, self._limit(actor)
                )
                for location in actor.locations
            )
        )
        return self.registry.without_controls_in(
            control_sets, actor.controls
        ), f"{actor.label} carries it to the Internet"

    def _to_actor(self, actor: Actor, other: Actor) -> tuple[ControlSets, str]:
        """Return the controls on passing data on: from a computer's screen to a person who looks at it through Bastion,
        or to another computer that may listen on any port."""
        if actor.is_computer and other.is_people and other.key in actor.principals:
            control_sets = self.registry.without_controls_in(
                self.reachability.over_bastion(actor.locations, actor.session_controls), actor.controls
            )
            return control_sets, f"{other.label} carries it off through Bastion"
        if not other.is_computer or other is actor or actor.is_people:
            return NEVER, ""
        limit = self._limit(actor)
        reachability = any_of(
            *(
                self.reachability.to_computer(mine, theirs, limit)
                for mine in actor.locations
                for theirs in other.locations
            )
        )
        return self.registry.without_controls_in(
            reachability, actor.controls
        ), f"{actor.label} sends it to {other.label}"


def _exit_edge(node: Node, to: Node, one: Exit) -> Edge:
    actor, target, verb = (to, node, "takes data of") if isinstance(to, Actor) else (node, to, "puts data into")
    names = ", ".join(one.techniques)
    text = f"{label_of(actor)} {verb} {label_of(target)} by the control plane ({names})"
    return Edge(to, one.control_set, text, one.techniques)


def _contains_any(one: Exit, edges: Iterable[Edge]) -> bool:
    """True if an edge needs no control that these techniques do not need."""
    mask = one.control_set.mask
    return any(edge.control_set.mask & mask == edge.control_set.mask for edge in edges)
