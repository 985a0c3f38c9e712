"""Custom roles name each action, and are assignable in resource groups only (IA4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import entries, texts
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

ACTION_LISTS = ("actions", "dataActions")
GRANTS_ACCESS = ("microsoft.authorization/", "microsoft.managedidentity/userassignedidentities/assign")
READS_CREDENTIALS = (
    "listkeys/action",
    "listaccountsas/action",
    "listservicesas/action",
    "generateuserdelegationkey/action",
    "runcommand/action",
    "elevateaccess/action",
)


def check(role: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse wildcards, which include future actions, and actions that grant more access. notActions do not help."""
    for permission in entries(role, "permissions"):
        for kind in ACTION_LISTS:
            for entry in entries(role, f"{permission}.{kind}"):
                action = str(role.at(entry)).lower()
                if "*" in action:
                    yield Violation(entry, f"allows {action}; each action must be named")
                elif (action.startswith(GRANTS_ACCESS) and not action.endswith("/read")) or action.endswith(
                    READS_CREDENTIALS
                ):
                    yield Violation(entry, f"allows {action}, with which its holder can get further access")
    scopes = texts(role, "assignableScopes")
    if not scopes or not all(ids.resource_group(scope) for scope in scopes):
        yield Violation("assignableScopes", "contains more than resource groups")


POLICY = Policy(
    id="IA4",
    title="Custom roles name each action, and are assignable in resource groups only",
    why="A role with a wildcard is Contributor under another name, and passes lists of forbidden roles.",
    resource_types=("authorization:RoleDefinition",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.2.03",), ncsc=("9",), cis=("5.23",), iso27001=("5.15", "8.2"), five_safes=("people",)
    ),
    fix="Use a built-in role, or name each action; set assignableScopes to resource groups.",
    check=check,
    check_paths=("permissions", "assignableScopes"),
    checkov=("CKV_AZURE_39",),
)
