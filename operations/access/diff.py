"""The access diff: who can newly read, write or reach which data after a change, and who no longer can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from formats.plan import Operation, Plan
from formats.stack_config import StackConfig
from operations.access.actions import Action
from operations.access.flow_depths import FlowChange, flow_changes, flows_of, graph_of
from operations.access.formats import cut
from operations.access.model import Access, AccessModel, Grounds, has_way
from operations.access.people import Holder, People
from operations.access.relevance import may_change_access, may_change_flows
from operations.access.things import Thing
from operations.access.wording import Difference
from policies.model import NO_CONFIGS, PolicyContext
from policies.plan_resources import resources_of
from policies.reachability.flow_cache import FlowCache

MAX_LINE = 2000
"""The most characters of a line."""


class Effect(StrEnum):
    """What a change does to an access."""

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"
    """The right remains; its network ways or its conditions differ."""


@dataclass(frozen=True)
class AccessChange:
    """What one holder gains or loses on some things, by the same roles and ways."""

    effect: Effect
    holder: Holder
    actions: tuple[Action, ...]
    things: tuple[Thing, ...]
    through: str
    roles: tuple[str, ...]
    ways: tuple[str, ...]
    """The network ways after the change; of what is lost, those before it."""
    ways_before: tuple[str, ...] = ()
    """Where only they or conditions change."""
    conditions: tuple[str, ...] = ()
    conditions_before: tuple[str, ...] = ()
    is_usable: bool = True
    """False for a right without a way in."""
    is_pending: bool = False
    """True for an access that is lost only if deletes succeed that failed before."""
    techniques: tuple[str, ...] = ()
    names_id: bool = False
    """True where another holder of the diff has the same name: the object id tells them apart."""

    @property
    def opens(self) -> bool:
        """True if the holder can do more than before."""
        return self._difference.opens

    def __str__(self) -> str:
        things = "; ".join(f"{t.label}{f', {t.data_class}' if t.data_class else ''}" for t in self.things)
        who = f"{self.holder.name} ({self.holder.id})" if self.names_id else self.holder.name
        said = self._difference
        return cut(f"{who} {said.does}: {things} ({said.grounds})", MAX_LINE)

    @property
    def _difference(self) -> Difference:
        return Difference(
            self.effect,
            self.techniques or tuple(map(str, self.actions)),
            self.roles,
            self.ways,
            self.ways_before,
            self.conditions,
            self.conditions_before,
            self.is_usable,
            self.is_pending,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        return {
            "effect": str(self.effect),
            "opens": self.opens,
            "who": self.holder.to_json(),
            "may": [str(action) for action in self.actions],
            "on": [{"id": t.id, "label": t.label, "stack": t.stack, "data_class": t.data_class} for t in self.things],
            "through": self.through,
            "roles": list(self.roles),
            "ways": list(self.ways),
            "ways_before": list(self.ways_before),
            "conditions": list(self.conditions),
            "conditions_before": list(self.conditions_before),
            "usable": self.is_usable,
            "revocation_failed_before": self.is_pending,
            "techniques": list(self.techniques),
            "text": str(self),
        }


@dataclass(frozen=True)
class Rename:
    """A group that the estate calls otherwise. Its rights are those of the object id, which is the same."""

    id: str
    before: str
    after: str

    def __str__(self) -> str:
        return cut(f"{self.before} is now called {self.after}: the same group {self.id}, no change of access", MAX_LINE)


@dataclass(frozen=True)
class AccessDiff:
    """What a change does to the accesses of an estate and to its forbidden flows."""

    changes: tuple[AccessChange, ...] = ()
    renames: tuple[Rename, ...] = ()
    flows: tuple[FlowChange, ...] = ()
    unknowns: tuple[str, ...] = ()
    """What is not known before the deployment, and counts as open."""

    def __bool__(self) -> bool:
        return bool(self.changes or self.renames or self.flows)

    @property
    def opens(self) -> bool:
        """True if somebody can do more than before, or a forbidden flow has fewer controls."""
        return any(change.opens for change in self.changes) or any(flow.weakens for flow in self.flows)

    def lines(self) -> list[str]:
        """Return the diff as text, one printable line for each change; empty if nothing changes."""
        if not self:
            return []
        marks = {Effect.GAINED: "+", Effect.LOST: "-", Effect.CHANGED: "~"}
        return [
            *(f"{marks[change.effect]} {change}" for change in self.changes),
            *(f"= {rename}" for rename in self.renames),
            *(f"{'!' if flow.weakens else '~'} {flow}" for flow in self.flows if flow.is_compared or flow.weakens),
            *(f"? {cut(unknown, MAX_LINE)}" for unknown in self.unknowns),
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the diff as JSON values."""
        return {
            "opens": self.opens,
            "changes": [change.to_json() for change in self.changes],
            "renames": [{"id": one.id, "before": one.before, "after": one.after} for one in self.renames],
            "flows": [flow.to_json() for flow in self.flows],
            "unknowns": list(self.unknowns),
        }


NO_CHANGE = AccessDiff()
NO_NAMES: Mapping[str, str] = {}


def access_diff(
    before: Sequence[Plan],
    after: Sequence[Plan],
    *,
    configs: Mapping[str, StackConfig] = NO_CONFIGS,
    configs_before: Mapping[str, StackConfig] | None = None,
    former_names: Mapping[str, str] = NO_NAMES,
    with_flows: bool = True,
    cache: FlowCache | None = None,
) -> AccessDiff:
    """Return what a change does to access.

    `before` and `after`: the stacks of the estate as they are deployed and as the change leaves them. Plans that are in
    both are the same objects, and cost nothing twice. `configs`: the configurations of the estate's stacks, which name
    the groups; `configs_before`: those before the change, if they are known. `former_names`: the
    names of groups that neither configuration may have, by object id. `with_flows`: count the controls of each
    forbidden flow too, where the change touches what they depend on. `cache`: keeps the flow analysis for the gate.
    """
    earlier = configs if configs_before is None else configs_before
    people = People(configs)
    people_before = people if earlier is configs else People(earlier, former_names)
    renames = tuple(_renames(people_before, people))
    changed = list(_changed(before, after))
    if not any(may_change_access(plan) for plan in changed):
        return AccessDiff(renames=renames)
    old, new = _contexts(before, after, configs, earlier)
    if with_flows and any(may_change_flows(plan) for plan in changed):
        flows_before, flows_after = (flows_of(estate, cache or FlowCache()) for estate in (old, new))
        flows, graphs = flow_changes(flows_before, flows_after), (graph_of(flows_before), graph_of(flows_after))
    else:
        flows, graphs = (), (None, None)
    models = AccessModel(old, people_before, graphs[0]), AccessModel(new, people, graphs[1])
    unknowns = tuple(one for one in models[1].unknowns if one not in models[0].unknowns)
    return AccessDiff(_told_apart(list(_folded(_changes(*models)))), renames, flows, unknowns)


def _changed(before: Sequence[Plan], after: Sequence[Plan]) -> Iterator[Plan]:
    """Yield the plans with changes. A stack that is on one side alone, or differs without operations because both sides
    are states, is given as a plan that creates everything."""
    known = {plan.stack: plan for plan in before}
    for plan in after:
        earlier = known.pop(plan.stack, None)
        if plan is earlier:
            continue
        if earlier is not None and (plan.changes or plan.digest == earlier.digest):
            yield plan
        else:
            yield _all_new(plan)
    yield from map(_all_new, known.values())


def _all_new(plan: Plan) -> Plan:
    return replace(plan, resources=tuple(replace(r, operation=Operation.CREATE) for r in plan.resources))


def _contexts(
    before: Sequence[Plan],
    after: Sequence[Plan],
    configs: Mapping[str, StackConfig],
    configs_before: Mapping[str, StackConfig],
) -> tuple[PolicyContext, PolicyContext]:
    resources = {id(plan): resources_of(plan) for plan in before}
    # A run deletes what waits for deletion, so that the change is complete only without it.
    resources |= {id(plan): resources_of(plan.with_deletes_done()) for plan in after if id(plan) not in resources}
    old, new = ([r for plan in plans for r in resources[id(plan)]] for plans in (before, after))
    return (
        PolicyContext(old, is_complete=True, configs=configs_before),
        PolicyContext(new, is_complete=True, configs=configs),
    )


def _renames(before: People, after: People) -> Iterator[Rename]:
    for id_, name in after.names.items():
        if before.names.get(id_, name) != name:
            yield Rename(id_, before.names[id_], name)


def _changes(old: AccessModel, new: AccessModel) -> Iterator[AccessChange]:
    for access in dict.fromkeys((*old.accesses, *new.accesses)):
        before, after = old.accesses.get(access), new.accesses.get(access)
        if before is None and after is not None:
            yield _change(Effect.GAINED, access, after, new)
        elif after is None and before is not None:
            yield _change(Effect.LOST, access, before, old)
        elif before is not None and after is not None and _differ(before, after):
            change = _change(Effect.CHANGED, access, after, new)
            yield replace(change, ways_before=before.ways, conditions_before=before.conditions)


def _change(effect: Effect, access: Access, grounds: Grounds, model: AccessModel) -> AccessChange:
    return AccessChange(
        effect,
        model.people.holder(access.holder),
        (access.action,),
        (model.thing(access.thing),),
        access.through,
        grounds.roles,
        grounds.ways,
        conditions=grounds.conditions,
        is_usable=has_way(access, grounds),
        is_pending=effect is Effect.LOST and grounds.is_pending,
        techniques=grounds.techniques,
    )


def _differ(before: Grounds, after: Grounds) -> bool:
    return (
        set(before.ways) != set(after.ways)
        or before.conditions != after.conditions
        or set(before.techniques) != set(after.techniques)
    )


def _folded(changes: Iterator[AccessChange]) -> Iterator[AccessChange]:
    """Yield changes that differ in their actions, or in their things, as one; gains first."""
    by_thing: dict[AccessChange, set[Action]] = {}
    for change in changes:
        by_thing.setdefault(replace(change, actions=()), set()).update(change.actions)
    by_action: dict[AccessChange, set[Thing]] = {}
    for change, actions in by_thing.items():
        whole = replace(change, actions=tuple(one for one in Action if one in actions))
        by_action.setdefault(replace(whole, things=()), set()).update(change.things)
    order = list(Effect)
    merged = (replace(c, things=tuple(sorted(t, key=lambda one: one.label))) for c, t in by_action.items())
    yield from sorted(merged, key=lambda c: (order.index(c.effect), c.holder.name, c.things[0].label, c.roles))


def _told_apart(changes: Sequence[AccessChange]) -> tuple[AccessChange, ...]:
    """Return the changes, with the object id on those whose holder has the name of another."""
    keys: dict[str, set[str]] = {}
    for change in changes:
        keys.setdefault(change.holder.name, set()).add(change.holder.key)
    return tuple(
        replace(c, names_id=bool(c.holder.id) and c.holder.is_known and len(keys[c.holder.name]) > 1) for c in changes
    )
