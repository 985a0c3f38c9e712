"""Allowed flows: the ways by which people reach data today, each with the controls that limit it.

The forbidden flows are analysed with every one of these ways open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from policies.azure_semantics.malware_scanning import DEFENDER_SETTING
from policies.azure_semantics.roles import Right
from policies.equivalence import EquivalentTenancy
from policies.model import MISSING, PolicyContext, Unknown
from policies.reachability.actors import Actor
from policies.reachability.data_stores import DataContainer, DataStore
from policies.reachability.forbidden_flows import FlowReport
from policies.reachability.graph import FlowGraph
from policies.reachability.role_grants import covers
from policies.reachability.topology import NetworkLocation

DATA = {Right.READ: "reads", Right.WRITE: "writes"}
NO_CONTROLS = 0
TLS = "minimumTlsVersion"


@dataclass(frozen=True)
class AllowedFlow:
    """One way by which people reach a container."""

    who: str
    does: str
    to: str
    """The container."""
    stacks: frozenset[str]
    at_desk: bool
    """True if they work on a computer of the estate."""
    steps: tuple[str, ...]
    controls: tuple[str, ...]
    """What limits it to them: roles, addresses, scans."""

    def to_json(self) -> dict[str, Any]:
        """Return the flow as JSON values."""
        return {
            "who": self.who,
            "does": self.does,
            "to": self.to,
            "stacks": sorted(self.stacks),
            "at_desk": self.at_desk,
            "path": list(self.steps),
            "controls": list(self.controls),
        }


def allowed_flows(report: FlowReport, estate: PolicyContext) -> tuple[AllowedFlow, ...]:
    """Return every way by which people reach data, in the order of the actors; then those of equivalent tenancies."""
    graph = report.graph
    found = [flow for actor in graph.actors for flow in _of_actor(actor, graph, estate)] if graph else []
    copies = (
        _copied_to(tenancy, flow)
        for tenancy in report.equivalents
        for flow in found
        if flow.stacks == {tenancy.representative}
    )
    return (*found, *copies)


def _copied_to(tenancy: EquivalentTenancy, flow: AllowedFlow) -> AllowedFlow:
    who, to = tenancy.rename(flow.who), tenancy.rename(flow.to)
    steps, controls = tuple(map(tenancy.rename, flow.steps)), tuple(map(tenancy.rename, flow.controls))
    return replace(flow, who=who, to=to, stacks=frozenset([tenancy.stack]), steps=steps, controls=controls)


def _of_actor(actor: Actor, graph: FlowGraph, estate: PolicyContext) -> Iterator[AllowedFlow]:
    people = sorted({g.principal[:8] for g in actor.grants if g.rights & Right.SIGN_IN})
    if not actor.is_people and not (actor.is_computer and people):
        return
    who = actor.label if actor.is_people else f"the group {' or '.join(people)} at {actor.label}"
    for container in graph.containers:
        rights = actor.may(container.id)
        does = " and ".join(word for right, word in DATA.items() if rights & right)
        if not does or container.store.is_vault:
            continue
        for location in actor.locations:
            for found in graph.reachability.to_store(location, container.store, NO_CONTROLS)[:1]:
                controls = tuple(_controls(actor, location, container, estate))
                stacks = frozenset([container.store.stack])
                yield AllowedFlow(who, does, container.label, stacks, actor.is_computer, found.steps, controls)


def _controls(
    actor: Actor, location: NetworkLocation, container: DataContainer, estate: PolicyContext
) -> Iterator[str]:
    scopes = [g for g in actor.grants if g.on(container.id) & (Right.READ | Right.WRITE)]
    roles = sorted({g.name for g in scopes if covers(g.scope, container.id)})
    yield f"role: {', '.join(roles)}, with sign-in by Entra"
    yield _origin(location, container.store)
    yield from _of_account(container.store, estate)


def _origin(location: NetworkLocation, store: DataStore) -> str:
    if location.subnet is not None and location.subnet.is_remote:
        return f"site: from {location.source} alone, through a gateway, by its routes and firewall rules"
    if location.subnet is not None:
        return f"network: from {location.source} alone, by security groups and firewall rules"
    if store.id in location.connected:
        return "private endpoint: the only one outside the estate that Azure Policy permits there"
    addresses = ", ".join(map(str, store.public.admitted)) or "any address"
    pinned = ", which Azure Policy pins" if store.public.pinned else ""
    return f"addresses: {addresses} alone, by network rules{pinned}"


def _of_account(store: DataStore, estate: PolicyContext) -> Iterator[str]:
    account = estate.get_urn(store.urn)
    if account is None:
        return
    tls = account.at(TLS)
    yield f"encryption in transit: {'TLS' if tls is MISSING else str(tls).replace('_', '.').replace('TLS', 'TLS ')}"
    try:
        scanned = bool(estate.referencing(DEFENDER_SETTING, "resourceId", account))
    except Unknown:
        scanned = False
    if scanned:
        yield "malware scan of every upload"
