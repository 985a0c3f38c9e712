"""The kinds of actor below an administrator, as the service names them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from formats.stack_config import JunctionZoneConfig, PlatformConfig, SafeHavenConfig, TenancyConfig, is_kind
from policies.azure_semantics import ids
from policies.azure_semantics.roles import Right
from policies.reachability.role_grants import RoleGrant

_RELEASED = "released"


class ActorKind(StrEnum):
    """The kinds of actor. Who holds an administrative role counts as one of them too, but no control holds for them."""

    RESEARCHER = "researcher"
    CHECKER = "checker"
    STEWARD = "steward"
    PROVIDER = "provider"
    ENGINEER = "engineer"
    IDENTITY = "project identity"
    OTHER = "other principal"


def kind_of(grants: Iterable[RoleGrant], *, is_people: bool) -> ActorKind:
    """Return the kind of an actor, from its roles: computers and managed identities are project identities."""
    found = list(grants)
    if not is_people:
        return ActorKind.IDENTITY
    if any(g.rights & Right.SIGN_IN and is_kind(g.stack, TenancyConfig) for g in found):
        return ActorKind.RESEARCHER
    if any(g.rights & Right.WRITE and is_kind(g.stack, JunctionZoneConfig) and _is_container(g) for g in found):
        return ActorKind.PROVIDER
    released = [g for g in found if ids.name(g.scope) == _RELEASED and is_kind(g.stack, TenancyConfig)]
    if any(g.rights & Right.WRITE for g in released):
        reads_others = any(not g.rights & Right.WRITE for g in released)
        return ActorKind.STEWARD if reads_others else ActorKind.CHECKER
    if any(g.rights & Right.READ and is_kind(g.stack, JunctionZoneConfig, SafeHavenConfig) for g in found):
        return ActorKind.STEWARD
    return ActorKind.ENGINEER if any(is_kind(g.stack, PlatformConfig) for g in found) else ActorKind.OTHER


def _is_container(grant: RoleGrant) -> bool:
    return "/containers/" in grant.scope
