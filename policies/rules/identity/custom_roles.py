"""IA4: roles of one's own have no wildcards, give out no roles, and hold in resource groups alone."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import entries, texts
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

KINDS = ("actions", "dataActions")
GIVES = ("microsoft.authorization/", "microsoft.managedidentity/userassignedidentities/assign")
KEYS = (
    "listkeys/action",
    "listaccountsas/action",
    "listservicesas/action",
    "generateuserdelegationkey/action",
    "runcommand/action",
    "elevateaccess/action",
)


def check(role: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A wildcard gives what Azure adds next year too; what it takes away again (notActions) is no safeguard."""
    for permission in entries(role, "permissions"):
        for kind in KINDS:
            for entry in entries(role, f"{permission}.{kind}"):
                action = str(role.at(entry)).lower()
                if "*" in action:
                    yield Violation(entry, f"allows {action}; each action must be named")
                elif (action.startswith(GIVES) and not action.endswith("/read")) or action.endswith(KEYS):
                    yield Violation(entry, f"allows {action}, by which its holder gets more than it says")
    scopes = texts(role, "assignableScopes")
    if not scopes or not all(ids.resource_group(scope) for scope in scopes):
        yield Violation("assignableScopes", "holds more than resource groups, so that it can be given anywhere")


POLICY = Policy(
    id="IA4",
    title="Custom roles name what they allow",
    why="A role with a wildcard is Contributor by another name, and passes every list of forbidden roles.",
    on=("authorization:RoleDefinition",),
    reads=("permissions", "assignableScopes"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.2.03",), ncsc=("9",), cis=("5.23",), iso27001=("5.15", "8.2"), five_safes=("people",)
    ),
    fix="Use a built-in role, or name each action; set assignableScopes to resource groups.",
    check=check,
    checkov=("CKV_AZURE_39",),
)
