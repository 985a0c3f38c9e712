"""The rights that a plan assigns, compared with those that the estate names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies.azure_semantics import ids
from policies.azure_semantics.properties import lower_text
from policies.azure_semantics.role_assignments import ASSIGNMENT, ASSIGNMENTS, Principal, principal_of, role_of
from policies.expected.entitlements import (
    Application,
    Entitlement,
    Group,
    Holder,
    Identity,
    condition_text,
    entitlements,
)
from policies.model import MISSING, PolicyContext, Resource, Unknown

IDENTITY = "managedidentity:UserAssignedIdentity"


@dataclass(frozen=True)
class Entitlements:
    """The rights of one stack, by what they are on."""

    by_scope: Mapping[tuple[str, str, str], tuple[Entitlement, ...]]
    """By the stack, the type and the logical name of the resource."""
    elsewhere: tuple[Entitlement, ...]
    """The rights on resources of other stacks."""

    @classmethod
    def of(cls, stack: str, context: PolicyContext) -> Entitlements:
        """Return the rights that the estate names for a stack, computed once. `KeyError` for a stack without a
        configuration."""
        config = context.configs[stack]
        return context.once(("entitlements", stack), lambda: cls._read(stack, entitlements(stack, config)))

    @classmethod
    def _read(cls, stack: str, found: frozenset[Entitlement]) -> Entitlements:
        by_scope: dict[tuple[str, str, str], list[Entitlement]] = {}
        for right in found:
            by_scope.setdefault((right.stack, right.type, right.name), []).append(right)
        elsewhere = tuple(right for right in found if right.stack != stack)
        return cls({key: tuple(rights) for key, rights in by_scope.items()}, elsewhere)


def entitlement_of(assignment: Resource, context: PolicyContext) -> Entitlement | None:
    """Return the right that an assignment gives, as the estate names it; None if it names no such right.

    The condition is not compared. `Unknown` where the principal, the role or the scope is not known yet.
    """
    role, scope = role_of(assignment), assignment.at("scope")
    target = context.get(ids.plain(scope))
    rights = Entitlements.of(assignment.stack, context)
    if target is not None:
        candidates = rights.by_scope.get((target.stack, target.type, target.name), ())
    else:  # without the other stacks, the policies between stacks check what the scope is
        candidates = () if context.is_complete else rights.elsewhere
    return next((one for one in candidates if one.role == role and _is_held(one.holder, assignment, context)), None)


def condition_of(assignment: Resource) -> str:
    """Return the condition of an assignment in the form in which conditions are compared; empty if it has none."""
    condition = assignment.at("condition")
    return "" if condition is MISSING else condition_text(str(condition))


def _is_held(holder: Holder, assignment: Resource, context: PolicyContext) -> bool:
    is_service = not isinstance(holder, Group)
    kind = lower_text(assignment, "principalType") if assignment.type == ASSIGNMENT else ""
    if kind and kind != ("serviceprincipal" if is_service else "group"):
        return False
    principal = principal_of(assignment)
    if isinstance(holder, Group | Application):
        return principal.id == holder.id
    known = identity_of(principal, context)
    if known is not None:
        return known == holder
    if not principal.id:
        raise Unknown("principalId")
    return _is_unread(holder, assignment, context)


def _is_unread(holder: Identity, assignment: Resource, context: PolicyContext) -> bool:
    """True for an identity of another stack that is not in the context: its object id cannot be compared."""
    return holder.stack != assignment.stack and not context.is_complete


def identity_of(principal: Principal, context: PolicyContext) -> Identity | None:
    """Return the managed identity that a principal is; None for another principal, and where that is unknown."""
    return object_ids(context).get(principal.id) if principal.id else _source_of(principal, context)


def _source_of(principal: Principal, context: PolicyContext) -> Identity | None:
    """Return the managed identity that a `principalId` input depends on, if it is the only resource."""
    source = context.get_urn(principal.source_urns[0]) if len(principal.source_urns) == 1 else None
    return Identity(source.stack, source.name) if source and source.type == IDENTITY else None


def object_ids(context: PolicyContext) -> Mapping[str, Identity | None]:
    """Return the identity of each object id, as the role assignments of its own stack show it; computed once.

    An identity has one object id: where assignments show two, neither counts.
    """

    def compute() -> dict[str, Identity | None]:
        shown: dict[str, set[Identity]] = {}
        ids_of: dict[Identity, set[str]] = {}
        for assignment in context.of(*ASSIGNMENTS):
            principal = principal_of(assignment)
            identity = _source_of(principal, context)
            if principal.id and identity and identity.stack == assignment.stack:
                shown.setdefault(principal.id, set()).add(identity)
                ids_of.setdefault(identity, set()).add(principal.id)
        single = {id_: next(iter(found)) for id_, found in shown.items() if len(found) == 1}
        return {id_: found if len(ids_of[found]) == 1 else None for id_, found in single.items()}

    return context.once(("object ids",), compute)
