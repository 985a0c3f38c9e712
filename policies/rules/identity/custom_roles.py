"""Custom roles only read settings, or start and stop desks (IA4)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import PlatformConfig
from policies.azure_semantics import ids
from policies.azure_semantics.properties import entries, lower_text, texts
from policies.expected.desk_operator import ACTIONS
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.desk_operator import is_desk_operator

ACTION_LISTS = ("actions", "dataActions")
ALLOWED = frozenset(
    {
        "microsoft.authorization/locks/read",
        "microsoft.authorization/policyassignments/read",
        "microsoft.authorization/roleassignments/read",
        "microsoft.authorization/roledefinitions/read",
        "microsoft.compute/disks/read",
        "microsoft.compute/virtualmachines/instanceview/read",
        "microsoft.compute/virtualmachines/read",
        "microsoft.insights/diagnosticsettings/read",
        "microsoft.keyvault/vaults/read",
        "microsoft.network/azurefirewalls/read",
        "microsoft.network/bastionhosts/read",
        "microsoft.network/firewallpolicies/read",
        "microsoft.network/networkinterfaces/read",
        "microsoft.network/networksecuritygroups/read",
        "microsoft.network/privateendpoints/read",
        "microsoft.network/routetables/read",
        "microsoft.network/virtualnetworks/read",
        "microsoft.network/virtualnetworks/subnets/read",
        "microsoft.resources/subscriptions/resourcegroups/read",
        "microsoft.storage/storageaccounts/read",
    }
)
"""Actions that read a setting: no data, log, key or secret, and nothing that exports or changes (learn.microsoft.com,
"Azure permissions")."""


def check(role: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Allow listed actions only. A wildcard includes future actions; notActions do not help; an action on data reads
    or changes it. The role of a platform that starts and stops desks has exactly its own actions, in its cell."""
    id_, config = lower_text(role, "roleDefinitionId"), context.configs.get(role.stack)
    if isinstance(config, PlatformConfig | None) and is_desk_operator(role, id_, context):
        yield from _check_desk_operator(role, config)
    else:
        yield from _check_reads(role)


def _check_desk_operator(role: Resource, config: PlatformConfig | None) -> Iterator[Violation]:
    """Require exactly its actions and, where the configuration is known, the subscriptions of its cell."""
    found = [str(role.at(entry)) for _, entry in _actions(role)]
    if frozenset(found) != ACTIONS or len(entries(role, "permissions")) != 1:
        yield Violation("permissions", f"permits {', '.join(found) or 'nothing'}; the role of desks permits "
                        f"{' and '.join(sorted(ACTIONS))} alone")  # fmt: skip
    if config and set(texts(role, "assignableScopes")) != {f"/subscriptions/{one}" for one in config.subscriptions}:
        yield Violation("assignableScopes", "are not the subscriptions of the cell")


def _actions(role: Resource) -> list[tuple[str, str]]:
    """Return the paths of all actions that a role permits, each with the name of its list."""
    return [
        (kind, entry)
        for permission in entries(role, "permissions")
        for kind in ACTION_LISTS
        for entry in entries(role, f"{permission}.{kind}")
    ]


def _check_reads(role: Resource) -> Iterator[Violation]:
    for kind, entry in _actions(role):
        action = str(role.at(entry)).lower()
        if "*" in action:
            yield Violation(entry, f"allows {action}; each action must be named")
        elif kind != "actions" or action not in ALLOWED:
            yield Violation(entry, f"allows {action}, which is not on the list of actions that read settings")
    scopes = texts(role, "assignableScopes")
    if not scopes or not all(ids.resource_group(scope) for scope in scopes):
        yield Violation("assignableScopes", "contains more than resource groups")


POLICY = Policy(
    id="IA4",
    title="Custom roles only read settings, in resource groups, or start and stop desks",
    why="A custom role passes lists of forbidden roles: one action is enough to export a disk, change a key or stop "
    "the logs.",
    resource_types=("authorization:RoleDefinition",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("3.2.03",),
        ncsc=("9",),
        caf=("B2.c", "B2.d"),
        cyber_essentials=("4.1",),
        cis=("5.4",),
        iso27001=("5.15", "8.2"),
        five_safes=("people",),
    ),
    fix="Use a built-in role, or only the actions in policies/rules/identity/custom_roles.py; set assignableScopes to "
    "resource groups.",
    check=check,
    check_paths=(
        "permissions",
        *(f"permissions[*].{kind}[*]" for kind in ACTION_LISTS),
        "assignableScopes[*]",
        "roleDefinitionId",
    ),
    checkov=("CKV_AZURE_39",),
)
