"""Every access of an estate: who may do what to what, by which roles, and through which network ways.

Rights count at their scope and below. Whoever signs in to a computer also acts with the identities of that computer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from formats.arm.id_parents import with_parents
from operations.access.actions import (
    BLOB_OPERATIONS,
    DATA_ACTIONS,
    NEEDED,
    NEEDS_WAY,
    READ_ANYTHING,
    SIGN_IN_ACTIONS,
    Action,
    Needed,
)
from operations.access.assignments import Assignment, assignments_of
from operations.access.people import ANYONE, People
from operations.access.things import SOURCES, Kind, Thing, scope_thing, things_of
from operations.access.ways import Ways
from policies.model import PolicyContext
from policies.reachability.actors import Actor
from policies.reachability.control_plane import EDGES, OPERATIONS
from policies.reachability.graph import FlowGraph
from policies.reachability.technique import Source as TechniqueSource
from policies.reachability.technique import Technique

BASTION = "through Bastion"
IF_A_MEMBER = "if it is a member of a group that may use it"
"""Said of a group that no configuration names, such as a former one whose revocation failed."""


@dataclass(frozen=True, order=True)
class Access:
    """One thing that one holder may do."""

    holder: str
    """The key of the holder."""
    action: Action
    thing: str
    """The id of the thing; of one with several assignments, these are in `Grounds`."""
    through: str = ""
    """The URN of the computer by whose identity it is; empty: by a right of the holder's own."""


@dataclass(frozen=True)
class Grounds:
    """What an access rests on."""

    assignments: tuple[Assignment, ...] = ()
    """Any one of them is enough. None for anonymous access."""
    ways: tuple[str, ...] = ()
    """The network ways, in words. Empty for an action that needs one: a right without a way in."""
    techniques: tuple[str, ...] = ()
    """The titles of the techniques of the control plane that it is."""
    needs: tuple[tuple[Assignment, ...], ...] = ()
    """For an access as the identity of a computer: what its holder needs to sign in there. Of each part, any one
    assignment is enough."""

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of the roles."""
        return tuple(sorted({one.role.name for one in self.assignments})) or ("anonymous access",)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The limits of the right; none if one of the assignments has none."""
        limits = [tuple(n for n in (a.condition, "PIM" if a.is_eligible else "") if n) for a in self.assignments]
        return () if not all(limits) else tuple(sorted({note for notes in limits for note in notes}))

    @property
    def is_pending(self) -> bool:
        """True if it exists only because revocations failed."""
        return bool(self.assignments) and all(one.is_pending_delete for one in self.assignments)


@dataclass
class AccessModel:
    """The accesses of one estate."""

    context: PolicyContext
    people: People
    graph: FlowGraph | None = None
    """A flow graph with the same networks, stores and computers, whose results are used."""
    things: Mapping[str, Thing] = field(init=False)
    assignments: tuple[Assignment, ...] = field(init=False)
    accesses: dict[Access, Grounds] = field(init=False, default_factory=dict)
    unknowns: tuple[str, ...] = field(init=False)
    """What could not be read before the deployment, and counts as open."""

    def __post_init__(self) -> None:
        self._ways = Ways(self.context, self.graph)
        self.things = things_of(self.context)
        self.assignments = assignments_of(self.context, self._ways.grants)
        self._in_force = [one for one in self.assignments if not one.is_closed]
        self._by_scope: dict[str, list[Assignment]] = {}
        for one in self._in_force:
            self._by_scope.setdefault("/" if one.is_everywhere else one.scope, []).append(one)
        self._stores_with_containers = {t.store for t in self.things.values() if t.kind is Kind.CONTAINER}
        self._add_rights()
        self._add_techniques()
        self._add_by_sign_in()
        self._add_anonymous()
        self.unknowns = tuple(dict.fromkeys(self._ways.unknowns))

    def thing(self, id_: str) -> Thing:
        """Return the thing with an id, or the scope with it."""
        return self.things.get(id_) or scope_thing(id_)

    def _covering(self, id_: str) -> Iterator[Assignment]:
        """Yield the assignments in force on a thing: on itself, above it, and where the scope is not known."""
        for scope in ("", "/", *with_parents(id_)):
            yield from self._by_scope.get(scope, ())

    def _add_rights(self) -> None:
        used: set[Assignment] = set()
        for thing in self.things.values():
            for assignment in self._covering(thing.id):
                found = [a for a, operation, is_data in self._needed(thing)
                         if assignment.role.permits(operation, is_data=is_data)]  # fmt: skip
                used |= {assignment} if found else set()
                for action in found:
                    self._add(Access(assignment.holder, action, thing.id), assignment)
        for assignment in self._in_force:
            self._add_scope(assignment, is_used=assignment in used)

    def _needed(self, thing: Thing) -> Iterable[Needed]:
        if thing.kind is Kind.STORE and thing.id not in self._stores_with_containers:
            return (*BLOB_OPERATIONS, *NEEDED[Kind.STORE])
        return NEEDED[thing.kind]

    def _add_scope(self, assignment: Assignment, *, is_used: bool) -> None:
        """Add what a role lets its holder do on the scope itself, so that no assignment is left out: usually to read
        settings."""
        found = [a for a, operation, is_data in NEEDED[Kind.SCOPE]
                 if not is_used and assignment.role.permits(operation, is_data=is_data)]  # fmt: skip
        if assignment.role.permits(READ_ANYTHING, is_data=False) or not (found or is_used):
            found.append(Action.READ_SETTINGS)
        for action in found:
            self._add(Access(assignment.holder, action, assignment.scope), assignment)

    def _add(self, access: Access, assignment: Assignment) -> None:
        known = self.accesses.get(access)
        ways = known.ways if known else self._ways_of(access)
        self.accesses[access] = Grounds((*(known.assignments if known else ()), assignment), ways)

    def _ways_of(self, access: Access) -> tuple[str, ...]:
        """Return the ways by which a holder uses its own right: from its own places. Those by a sign-in are added."""
        store = self.thing(access.thing).store
        return self._ways.of(access.holder, store) if access.action in DATA_ACTIONS and store else ()

    def _add_techniques(self) -> None:
        """Add the techniques of the control plane with which a holder takes data of a thing that it does not manage."""
        holders: dict[str, list[Assignment]] = {}
        for assignment in self._in_force:
            if any(assignment.role.permits(one, is_data=False) for one in OPERATIONS):
                holders.setdefault(assignment.holder, []).append(assignment)
        for thing in self.things.values():
            if source := SOURCES.get(thing.kind):
                self._add_techniques_on(thing, source, holders)

    def _add_techniques_on(
        self, thing: Thing, source: TechniqueSource, holders: Mapping[str, Sequence[Assignment]]
    ) -> None:
        covering: dict[str, list[Assignment]] = {}
        for one in self._covering(thing.id):
            covering.setdefault(one.holder, []).append(one)
        for holder in [one for one in covering if one in holders]:
            if Access(holder, Action.MANAGE, thing.id) in self.accesses:
                continue
            on_thing, held = covering[holder], holders[holder]
            found = [one for one in EDGES if one.takes_from(source) and _may(one, on_thing, held)]
            if found:
                grounds = Grounds(tuple(on_thing), (), tuple(technique.title for technique in found))
                self.accesses[Access(holder, Action.TAKE, thing.id)] = grounds

    def _add_by_sign_in(self) -> None:
        """Add to each right the ways from computers that its holder signs in to, and what it may do there as the
        identities of the computer."""
        own = list(self.accesses.items())
        data: dict[str, list[tuple[Access, Grounds]]] = {}
        for access, grounds in own:
            if access.action in DATA_ACTIONS:
                data.setdefault(access.holder, []).append((access, grounds))
        for computer in self._ways.computers:
            for person, keys in self._signing_in(computer, [access for access, _ in own]).items():
                for key in keys:
                    way = BASTION if self.people.is_stated(person) else f"{BASTION}, {IF_A_MEMBER}"
                    self._add_way(Access(key, self._sign_in_of(key, computer), computer.id), way)
                for access, _ in data.get(person, ()):
                    if self._ways.from_computer(computer, self.thing(access.thing).store):
                        self._add_way(access, f"signed in to {self.thing(computer.id).label}")
                for identity in self._ways.identities_of(computer):
                    self._add_as(person, computer, identity, data.get(identity, ()))

    def _add_as(self, person: str, computer: Actor, identity: str, rights: Iterable[tuple[Access, Grounds]]) -> None:
        needs = self._needs_to_sign_in(person, computer)
        for access, grounds in rights:
            if self._ways.from_computer(computer, self.thing(access.thing).store):
                way = f"signed in to {self.thing(computer.id).label}, as {self.people.holder(identity).name}"
                derived = Access(person, access.action, access.thing, computer.key)
                self.accesses[derived] = Grounds(grounds.assignments, (way,), needs=needs)

    def _needs_to_sign_in(self, person: str, computer: Actor) -> tuple[tuple[Assignment, ...], ...]:
        """Return the assignments of the login, and those of each sight that it needs."""
        everyone = {person, *self.people.groups(person)}
        logins = (self.accesses.get(Access(one, action, computer.id)) for one in everyone for action in SIGN_IN_ACTIONS)
        parts = [tuple(one for found in logins if found for one in found.assignments)]
        bastion = next(one for one in self._ways.bastions_to(computer) if self._sees(everyone, computer, one))
        for operation, id_ in self._ways.seen_for_sign_in(computer, bastion):
            parts.append(tuple(self._letting(everyone, operation, id_)))
        return tuple(parts)

    def _sign_in_of(self, holder: str, computer: Actor) -> Action:
        found = (a for a in SIGN_IN_ACTIONS if Access(holder, a, computer.id) in self.accesses)
        return next(found, Action.SIGN_IN)

    def _add_way(self, access: Access, way: str) -> None:
        known = self.accesses.get(access)
        if known and way not in known.ways:
            self.accesses[access] = Grounds(known.assignments, (*known.ways, way), known.techniques)

    def _signing_in(self, computer: Actor, accesses: Iterable[Access]) -> Mapping[str, list[str]]:
        """Return who can open a session on a computer, each with the holders of the login role that lets it: itself,
        or groups that it is a member of. It needs the login, and sight of the Bastion and the computer."""
        logins = {a.holder for a in accesses if a.thing == computer.id and a.action in SIGN_IN_ACTIONS}
        bastions = self._ways.bastions_to(computer)
        members = {member for member, groups in self.people.groups_of.items() if groups & logins}
        found: dict[str, list[str]] = {}
        for person in sorted(logins | members):
            everyone = {person, *self.people.groups(person)}
            if any(self._sees(everyone, computer, bastion) for bastion in bastions):
                found[person] = sorted(everyone & logins)
        return found

    def _sees(self, holders: set[str], computer: Actor, bastion: str) -> bool:
        seen = self._ways.seen_for_sign_in(computer, bastion)
        return all(any(self._letting(holders, operation, id_)) for operation, id_ in seen)

    def _letting(self, holders: set[str], operation: str, id_: str) -> Iterator[Assignment]:
        """Yield the assignments that let some holders do an operation of the control plane."""
        found = (one for one in self._covering(id_) if one.holder in holders)
        return (one for one in found if one.role.permits(operation, is_data=False))

    def _add_anonymous(self) -> None:
        for container in self._ways.anonymous():
            if container.id in self.things:
                self.accesses[Access(ANYONE, Action.READ, container.id)] = Grounds(ways=("from the Internet",))


def has_way(access: Access, grounds: Grounds) -> bool:
    """True if the access can be used: it needs no network way, or it has one."""
    return access.action not in NEEDS_WAY or bool(grounds.ways)


def _may(technique: Technique, on_thing: Sequence[Assignment], anywhere: Sequence[Assignment]) -> bool:
    """True if the roles on a thing permit a technique, with those in any resource group for its other operations."""
    if technique.is_administration or technique.over_network:
        return False
    return all(_permitted(on_thing, operation) for operation in technique.operations) and all(
        _permitted(anywhere, operation) for operation in technique.elsewhere
    )


def _permitted(assignments: Iterable[Assignment], operation: str) -> bool:
    return any(one.role.permits(operation, is_data=False) for one in assignments)
