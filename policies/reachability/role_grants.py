"""Role grants: which principal has which rights on which scope. A grant applies to everything in its scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from formats.plan import UNKNOWN
from policies.azure_semantics.ids import kind, plain
from policies.azure_semantics.ids import name as plain_name
from policies.azure_semantics.role_assignments import ASSIGNMENTS, principal_of
from policies.azure_semantics.role_operations import (
    ADMIN_PASSWORD,
    BUILT_IN,
    CUSTOM_ROLE,
    PULL,
    PUSH,
    Permissions,
    custom_role,
    only_permits,
    operations_of,
)
from policies.azure_semantics.roles import ALL, Right, rights_of
from policies.expected.desk_operator import ACTIONS
from policies.model import MISSING, PolicyContext, Resource, Unknown
from policies.reachability.control_plane import NARROW_OPERATIONS, OF_VAULTS, OPERATIONS

IDENTITY = "managedidentity:UserAssignedIdentity"
COMPUTER = "compute:VirtualMachine"
_IMAGES = {PULL: Right.READ, PUSH: Right.WRITE, ADMIN_PASSWORD: Right.KEYS}
_REGISTRY = "/microsoft.containerregistry/registries/"
UNKNOWN_PRINCIPAL = "*"
"""The placeholder for a principal that is unknown until the deployment: it may be anyone."""


@dataclass(frozen=True)
class RoleGrant:
    """A role assignment with its rights. An eligible one counts: its holder can activate it."""

    principal: str
    """An object id in lower case, the URN of the identity that will have one, or `UNKNOWN_PRINCIPAL`."""
    rights: Right
    scope: str
    """A lower-case ARM id; empty: everywhere."""
    name: str
    stack: str
    is_service: bool
    operations: frozenset[str] = frozenset()
    """The operations of the control plane that it permits, of those that techniques need (`control_plane.py`)."""
    images: Right = Right.NONE
    """Its rights on registries. They are actions of the role, so that a role which reads all settings pulls images."""

    def on(self, id_: str) -> Right:
        """Return its rights on a resource in its scope, by the lower-case id."""
        return self.images if _REGISTRY in id_ else self.rights


class RoleGrants:
    """Every role grant of an estate, by principal."""

    def __init__(self, estate: PolicyContext) -> None:
        self._holders, self.members = _holders(estate), estate.members
        self._custom = {plain_name(r.id): custom_role(r) for r in estate.of(CUSTOM_ROLE)}
        self._operations: dict[str, frozenset[str]] = {}
        self.all = tuple(self._grant(a) for a in estate.of(*ASSIGNMENTS))
        self._by_principal: dict[str, list[RoleGrant]] = {}
        self._sign_in_grants: dict[str, list[RoleGrant]] = {}
        for grant in self.all:
            self._by_principal.setdefault(grant.principal, []).append(grant)
            if grant.rights & (Right.SIGN_IN | Right.CONTROL):
                self._sign_in_grants.setdefault(grant.scope, []).append(grant)

    def _grant(self, assignment: Resource) -> RoleGrant:
        scope = _value(assignment, "scope")
        role = plain_name(_value(assignment, "roleDefinitionId"))
        return RoleGrant(
            principal=self._principal(assignment),
            rights=self._rights(role),
            images=self._images(role),
            operations=self._operations_of(role, scope),
            scope="" if scope == UNKNOWN else plain(scope),
            name=assignment.name,
            stack=assignment.stack,
            is_service=str(_value(assignment, "principalType")).lower() == "serviceprincipal",
        )

    def _rights(self, role: str) -> Right:
        """Return the rights of a role. A custom role has all, unless it permits nothing but reads of settings,
        operations that are edges of the flow graph, and start and deallocate, which move no data."""
        permissions = self._custom.get(role)
        if permissions and role not in BUILT_IN and only_permits(permissions, NARROW_OPERATIONS | ACTIONS):
            return Right.NONE
        return ALL if role in self._custom else rights_of(role)

    def _images(self, role: str) -> Right:
        """Return the rights of a role on registries: those of the actions that it permits."""
        known = self._permissions(role)
        if known is None or self._rights(role) == ALL:
            return ALL
        return reduce(or_, (right for operation, right in _IMAGES.items() if known.permits(operation)), Right.NONE)

    def _permissions(self, role: str) -> Permissions | None:
        """Return what a role permits; None if that is unknown."""
        return self._custom.get(role, BUILT_IN.get(role))

    def _operations_of(self, role: str, scope: object) -> frozenset[str]:
        if role not in self._operations:
            self._operations[role] = operations_of(self._permissions(role), OPERATIONS)
        is_on_vault = kind(scope).startswith("microsoft.keyvault/")
        return self._operations[role] & OF_VAULTS if is_on_vault else self._operations[role]

    def _principal(self, assignment: Resource) -> str:
        principal = principal_of(assignment)
        if principal.id:
            return self._holders.get(principal.id, principal.id)
        known = [urn for urn in principal.source_urns if urn in self._holders]
        return known[0] if len(known) == 1 else UNKNOWN_PRINCIPAL

    def of(self, principals: Iterable[str]) -> tuple[RoleGrant, ...]:
        """Return the grants of these principals, and those of the unknown principal."""
        return tuple(g for p in (*principals, UNKNOWN_PRINCIPAL) for g in self._by_principal.get(p, ()))

    def principals_with_sign_in(self, computer: str) -> list[str]:
        """Return the principals that may sign in to a computer, or assign themselves the role to, with the members of
        groups of staff. `computer`: its id in lower case."""
        found = self.assigned_sign_in(computer)
        return list(dict.fromkeys([*found, *(m for one in found for m in sorted(self.members.get(one, ())))]))

    def assigned_sign_in(self, computer: str) -> list[str]:
        """Return the principals of the role assignments that permit signing in to a computer."""
        parts = computer.split("/")
        scopes = ["", *("/".join(parts[:n]) for n in range(2, len(parts) + 1))]
        found = (g.principal for scope in scopes for g in self._sign_in_grants.get(scope, ()))
        return [principal for principal in dict.fromkeys(found) if principal != UNKNOWN_PRINCIPAL]

    def principals(self) -> Mapping[str, list[RoleGrant]]:
        """Return the grants of every principal."""
        return self._by_principal


def rights_on(grants: Iterable[RoleGrant], id_: str) -> Right:
    """Return the rights that grants give on the resource with a lower-case id."""
    total = Right.NONE
    for grant in grants:
        if covers(grant.scope, id_):
            total |= grant.on(id_)
    return total


def covers(scope: str, id_: str) -> bool:
    """True if a role on a scope holds for the resource with a lower-case id. An empty scope is above all others."""
    return not scope or id_ == scope or id_.startswith(f"{scope}/")


def scopes_above(id_: str) -> frozenset[str]:
    """Return every scope that covers the resource with a lower-case id, its own among them."""
    parts = id_.split("/")
    return frozenset("/".join(parts[:n]) for n in range(1, len(parts) + 1)) | {""}


def _holders(estate: PolicyContext) -> dict[str, str]:
    """Return the URN of each identity and computer, by its URN and by the object id that its role assignments show."""
    holders = {r.urn: r.urn for r in estate.of(IDENTITY, COMPUTER)}
    for assignment in estate.of(*ASSIGNMENTS):
        principal = principal_of(assignment)
        known = [urn for urn in principal.source_urns if urn in holders]
        if len(known) == 1 and principal.id:
            holders[principal.id] = known[0]
    return holders


def _value(resource: Resource, path: str) -> object:
    """Return the value at a path; `UNKNOWN` where it is unknown or missing."""
    try:
        value = resource.at(path)
    except Unknown:
        return UNKNOWN
    return UNKNOWN if value is MISSING else value
