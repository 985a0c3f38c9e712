"""The edges of the control plane: who takes data by an Azure Resource Manager operation, and what must fail before.

An actor without the right needs a role that it does not have (one control), which the guardrail on role assignments
denies (a second), and each guardrail on what the technique writes. A setting counts only for an actor that has the
right and cannot change the setting: the role that is assigned by mistake may be one that changes it, as VM Restore
Operator exports disks and writes them. A guardrail counts only while the technique's settings hold, since Azure Policy
changes no existing resource.

Techniques with the same controls are one edge. The controls without the actor's own are computed once for each source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import NamedTuple

from policies.azure_semantics import ids
from policies.azure_semantics.locks import LOCKS, scopes_of
from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_operations import BUILT_IN
from policies.expected.subscription_guardrails import ROLES
from policies.model import Resource, Unknown
from policies.reachability.accepted_risks import ACCEPTED
from policies.reachability.actor_kinds import ActorKind
from policies.reachability.actors import Actor
from policies.reachability.control_plane import EDGES, SAS
from policies.reachability.control_sets import (
    MAX_CONTROLS,
    MIN_CONTROLS,
    Control,
    ControlKind,
    ControlSet,
    ControlSets,
    all_of,
)
from policies.reachability.data_stores import DataContainer, StoreKind
from policies.reachability.role_grants import COMPUTER, covers
from policies.reachability.technique import Setting, Source, Technique
from policies.reachability.topology import Topology

RIGHTS_STAY = "rights-stay"
DISK = "compute:Disk"
BACKUP_VAULTS = ("dataprotection:BackupVault", "recoveryservices:Vault")
Target = DataContainer | Actor
"""A container, or the actor of a computer."""
ByControls = dict[int, tuple[str, ...]]
"""The keys of techniques by their controls."""


class Exit(NamedTuple):
    """Techniques with the same controls, with which an actor takes data."""

    control_set: ControlSet
    techniques: tuple[str, ...]
    is_accepted: bool


class ControlPlane:
    """The techniques of the control plane on the stores, vaults and computers of an estate."""

    def __init__(self, topology: Topology) -> None:
        self.topology, self.estate = topology, topology.estate
        self.guardrails, self.registry = topology.guardrails, topology.registry
        self._without_right: dict[tuple[str, bool], ByControls] = {}
        self._computers = {r.urn: r for r in self.estate.of(COMPUTER)}

    def exits(
        self, actor: Actor, target: Target, travel: ControlSets, *, into: bool = False, limit: int = MAX_CONTROLS
    ) -> list[Exit]:
        """Return the ways in which an actor takes the data of a target, or with `into` puts data there. `travel`: the
        controls on its own path to Azure Resource Manager. Sets of more controls than the limit are left out."""
        held = self.held(actor, target)
        right = 0 if held else self.registry.bit(actor.ungranted)
        masks = _by_mask(self._masks(target, into, actor, held)) if held else self._masks_without_right(target, into)
        return [
            one
            for mask, keys in masks.items()
            for way in travel
            if (mask | right | way.mask).bit_count() <= limit or actor.controls
            for one in self.exits_of(keys, ControlSet(mask | right).then(way), actor)
        ]

    def exits_of(self, keys: tuple[str, ...], control_set: ControlSet, actor: Actor) -> Iterator[Exit]:
        """Yield the techniques with these controls that count, and those whose remaining risk a decision accepts for
        this kind of actor. Controls that the actor may change do not count."""
        for kept in self.registry.without_controls_in((control_set,), actor.controls):
            lacks_right = bool(kept.mask & self.registry.bit(actor.ungranted))
            others, accepted = _by_acceptance(keys, actor.kind, kept.size, lacks_right=lacks_right)
            if others:
                yield Exit(kept, others, is_accepted=False)
            if accepted:
                yield Exit(kept, accepted, is_accepted=True)

    def held(self, actor: Actor, target: Target) -> frozenset[str]:
        """Return the operations that an actor's roles permit on a target, or in what is below it."""
        if not actor.operations:
            return frozenset()
        scopes = ids_of(target)
        found = (g.operations for g in actor.grants if any(covers(g.scope, s) or covers(s, g.scope) for s in scopes))
        return frozenset().union(*found)

    def _masks_without_right(self, target: Target, into: bool) -> ByControls:
        key = (_id_of(target), into)
        if key not in self._without_right:
            self._without_right[key] = _by_mask(self._masks(target, into, None, frozenset()))
        return self._without_right[key]

    def _masks(
        self, target: Target, into: bool, actor: Actor | None, held: frozenset[str]
    ) -> Iterator[tuple[int, str]]:
        """Yield each technique on a target with its controls. Without an actor: with the guardrails alone."""
        source = _source_of(target)
        anywhere = actor.operations if actor else frozenset()
        for technique in EDGES:
            if technique.over_network or not technique.takes_from(source):
                continue
            if into and not technique.both_ways:
                continue
            has_right = actor is not None and held.issuperset(technique.operations)
            has_right = has_right and anywhere.issuperset(technique.elsewhere)
            control_sets = self._settings_and_guardrails(technique, target, held if has_right else None)
            if not has_right:
                control_sets = all_of(control_sets, self._rights_stay(technique, target))
                if actor:
                    control_sets = all_of(control_sets, self.registry.requiring(actor.ungranted))
            yield control_sets[0].mask, technique.key

    def _settings_and_guardrails(
        self, technique: Technique, target: Target, held: frozenset[str] | None
    ) -> ControlSets:
        """Return the controls besides the right. `held`: the operations of an actor with the right."""
        settings = [self._setting(one, target) for one in technique.settings]
        if not all(settings):
            return (ControlSet(),)
        can_change = held is None or not held.isdisjoint(technique.writes)
        group = _group_of(target)
        counted = [one for one in settings if one and not (technique.writes and can_change)]
        guardrails = (self.guardrails.of(key, group) for key in technique.guardrails)
        return all_of(*guardrails, self.registry.requiring(*counted))

    def _rights_stay(self, technique: Technique, target: Target) -> ControlSets:
        """Return the guardrail on role assignments in the whole subscription, unless it permits such a role."""
        if technique.key in _OF_LISTED_ROLES:
            return (ControlSet(),)
        return self.guardrails.of(RIGHTS_STAY, _group_of(target))

    def _setting(self, setting: Setting, target: Target) -> Control | None:
        """Return a setting as a control; None if it does not certainly hold."""
        id_ = _id_of(target)
        if not self._holds(setting, target):
            return None
        kind, text = _SETTINGS[setting]
        return Control(kind, f"{id_}#{setting}", f"{target.label}: {text}", id_)

    def _holds(self, setting: Setting, target: Target) -> bool:
        if setting is Setting.LOCKED:
            return any(covers(scope, _id_of(target)) for scope in self._read_only)
        if setting is Setting.NO_BACKUP:
            return not self.estate.of(*BACKUP_VAULTS)
        if setting in _OF_REGISTRIES:
            path, wanted = _OF_REGISTRIES[setting]
            registry = self.estate.get(_id_of(target))
            return registry is not None and _text(registry, path) == wanted
        computer = self._computers[target.key] if isinstance(target, Actor) else None
        if computer is None:
            return False
        disks = self._disks.get(_group_of(target), [])
        if setting is Setting.DISKS_CLOSED:
            return all(_text(disk, "networkAccessPolicy") == "denyall" for disk in disks)
        own = _value(computer, "storageProfile.osDisk.managedDisk.diskEncryptionSet.id")
        keys = [own, *(_value(disk, "encryption.diskEncryptionSetId") for disk in disks)]
        return all(isinstance(key, str) and key for key in keys)

    @cached_property
    def _disks(self) -> Mapping[str, list[Resource]]:
        """The disks of each resource group. One without an id counts for all groups of its stack: it is unknown."""
        found: dict[str, list[Resource]] = {}
        for disk in self.estate.of(DISK):
            found.setdefault(ids.resource_group(disk.id), []).append(disk)
        return found

    @cached_property
    def _read_only(self) -> frozenset[str]:
        """The scopes of the read-only locks; those that are unknown are left out."""
        found: set[str] = set()
        for lock in self.estate.of(*LOCKS):
            try:
                found.update(scopes_of(lock) if lower_text(lock, "level") == "readonly" else ())
            except Unknown:
                continue
        return frozenset(found)


_SETTINGS: Mapping[Setting, tuple[ControlKind, str]] = {
    Setting.DISKS_CLOSED: (ControlKind.DISK, "its disks deny export"),
    Setting.CUSTOMER_KEY: (ControlKind.ENCRYPTION, "its disks' key keeps copies in their subscription"),
    Setting.LOCKED: (ControlKind.LOCK, "a read-only lock keeps it in its resource group"),
    Setting.NO_BACKUP: (ControlKind.DISK, "the estate has no backup vault"),
    Setting.EXPORTS_OFF: (ControlKind.EXPORT, "its export policy denies imports elsewhere"),
    Setting.NO_BYPASS: (ControlKind.NETWORK_RULES, "no service of Azure passes its network rules"),
}
_OF_REGISTRIES: Mapping[Setting, tuple[str, str]] = {
    Setting.EXPORTS_OFF: ("policies.exportPolicy.status", "disabled"),
    Setting.NO_BYPASS: ("networkRuleBypassOptions", "none"),
}
"""The property of a registry, and its value while the setting holds."""
_OF_LISTED_ROLES = frozenset(
    one.key
    for one in EDGES
    if any(all(map(BUILT_IN[role].permits, (*one.operations, *one.elsewhere))) for role in ROLES)
)
"""The techniques whose operations a role permits that the guardrail on role assignments lets through."""


def _by_mask(masks: Iterable[tuple[int, str]]) -> ByControls:
    found: dict[int, tuple[str, ...]] = {}
    for mask, key in masks:
        found[mask] = (*found.get(mask, ()), key)
    return found


@cache
def _by_acceptance(
    keys: tuple[str, ...], kind: ActorKind, size: int, *, lacks_right: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the techniques that count, and those that are accepted: for an actor without the right, or with a SAS."""
    risks = [ACCEPTED[key] for key in keys if key in ACCEPTED and (lacks_right or key == SAS)]
    accepted = tuple(one.technique for one in risks if kind in one.actors and one.least <= size < MIN_CONTROLS)
    return tuple(key for key in keys if key not in accepted), accepted


def ids_of(target: Target) -> tuple[str, ...]:
    """Return the ids of what a technique's operations are on: a store, or a computer and the disks of its group."""
    if isinstance(target, DataContainer):
        return (target.store.id,)
    return (target.id, f"{target.group}/providers/microsoft.compute/disks")


_SOURCES: Mapping[StoreKind, Source] = {
    StoreKind.ACCOUNT: Source.STORE, StoreKind.VAULT: Source.VAULT, StoreKind.REGISTRY: Source.REGISTRY,
}  # fmt: skip


def _source_of(target: Target) -> Source:
    if isinstance(target, Actor):
        return Source.COMPUTER
    return _SOURCES[target.store.kind]


def _id_of(target: Target) -> str:
    return target.store.id if isinstance(target, DataContainer) else target.id


def _group_of(target: Target) -> str:
    return target.store.group if isinstance(target, DataContainer) else target.group


def _value(resource: Resource, path: str) -> object:
    """Return the value at a path; None where it is unknown."""
    try:
        return resource.at(path)
    except Unknown:
        return None


def _text(resource: Resource, path: str) -> str:
    found = _value(resource, path)
    return found.lower() if isinstance(found, str) else ""
