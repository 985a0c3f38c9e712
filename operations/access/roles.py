"""What roles permit on the control plane and, apart from it, on data.

Sources, learn.microsoft.com: "Azure built-in roles" for Privileged (2026-07-01) and Security; "Understand Azure role
definitions" (a role with the action `*` has no data action).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formats.arm.role_names import BUILT_IN_ROLES
from policies.azure_semantics import ids
from policies.azure_semantics.properties import texts
from policies.azure_semantics.role_operations import BUILT_IN, Permissions
from policies.azure_semantics.roles import CONTRIBUTOR, OWNER
from policies.model import Resource, Unknown

KEY_VAULT_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
_READS_ALL = ("*/read", "Microsoft.Support/*")
_MORE: Mapping[str, Permissions] = {
    OWNER: Permissions(("*",)),
    CONTRIBUTOR: Permissions(
        ("*",),
        (
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Compute/galleries/share/action",
        ),
    ),
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": Permissions((*_READS_ALL, "Microsoft.Authorization/*")),
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": Permissions(
        (*_READS_ALL, "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete")
    ),
    KEY_VAULT_ADMINISTRATOR: Permissions(("Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*")),
}
"""Actions of built-in roles beside those of `BUILT_IN`: Owner, Contributor, User Access Administrator and Role Based
Access Control Administrator; Key Vault Administrator has the rest as data actions."""


@dataclass(frozen=True)
class Role:
    """A role, and what it permits. A role whose definition is not known permits everything."""

    name: str
    control: tuple[Permissions, ...] = ()
    data: tuple[Permissions, ...] = ()
    is_known: bool = True

    def permits(self, operation: str, *, is_data: bool) -> bool:
        """True if the role permits an operation."""
        found = self.data if is_data else self.control
        return not self.is_known or any(one.permits(operation) for one in found)


def role_of(guid: str, definitions: Mapping[str, Resource]) -> Role:
    """Return a role by its GUID. `definitions`: the custom roles of the estate, by GUID."""
    name = BUILT_IN_ROLES.get(guid, "")
    if guid in definitions:
        return _custom(definitions[guid], guid)
    if guid not in BUILT_IN and guid not in _MORE:
        return Role(name or (f"role {guid}" if guid else "a role that is not known before the deployment"),
                    is_known=False)  # fmt: skip
    usual = BUILT_IN.get(guid, Permissions(()))
    # Of the roles here, none has a data action that begins with a wildcard: `*/read` reads settings alone.
    data = Permissions(tuple(one for one in usual.actions if not one.startswith("*")))
    return Role(name or f"role {guid}", (_MORE.get(guid, usual),), (data,))


def _custom(definition: Resource, guid: str) -> Role:
    try:
        name = definition.at("roleName")
        count = len(definition.at("permissions") or ())
        blocks = [{kind: tuple(texts(definition, f"permissions[{n}].{kind}")) for kind in _KINDS} for n in range(count)]
    except (Unknown, TypeError):
        return Role(f"custom role {guid}", is_known=False)
    return Role(
        f"custom role {_text(name) or ids.name(definition.id)}",
        tuple(Permissions(b["actions"], b["notActions"]) for b in blocks),
        tuple(Permissions(b["dataActions"], b["notDataActions"]) for b in blocks),
    )


_KINDS = ("actions", "notActions", "dataActions", "notDataActions")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
