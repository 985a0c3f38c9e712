"""The ARM ids that `resourceId` and the functions like it return.

Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource#resourceid
"""

from __future__ import annotations

from collections.abc import Sequence

from formats.plan import SECRET, UNKNOWN, Value
from formats.unknown_values import Cause, CauseKind, UnknownValue, causes_in
from operations.export.resource_scope import GROUP, SUBSCRIPTION, DeploymentScope

ID_FUNCTIONS = ("resourceid", "subscriptionresourceid", "tenantresourceid", "extensionresourceid")
"""The functions by their names in lower case."""
ROLE_DEFINITIONS = "microsoft.authorization/roledefinitions"
"""The type of roles. Azure's own have the same name in every scope, so the id at the tenant names the same role:
https://learn.microsoft.com/azure/role-based-access-control/role-definitions-list"""
MAX_SCOPE_ARGUMENTS = 2
"""A subscription and a resource group may precede the type."""


def id_of(function: str, arguments: Sequence[Value], scope: DeploymentScope) -> Value:
    """Return the id, or an unknown value if an argument or the scope of the deployment is unknown."""
    failed = UnknownValue([Cause(CauseKind.FUNCTION, f"{function}()")])
    if UNKNOWN in arguments:
        return UnknownValue(causes_in(arguments))
    if not all(isinstance(argument, str) for argument in arguments) or SECRET in arguments:
        return failed
    at = next((i for i in range(min(len(arguments), MAX_SCOPE_ARGUMENTS + 1)) if _is_type(arguments, i)), None)
    base = None if at is None else _base(function, arguments[:at], scope)
    if at is None or base is None:
        return failed
    if isinstance(base, UnknownValue) and arguments[at].strip("/").lower() == ROLE_DEFINITIONS:
        base = ""
    if isinstance(base, UnknownValue):
        return base
    namespace, *types = arguments[at].strip("/").split("/")
    pairs = (f"/{type_}/{name}" for type_, name in zip(types, arguments[at + 1 :], strict=True))
    return f"{base}/providers/{namespace}{''.join(pairs)}"


def _is_type(arguments: Sequence[str], at: int) -> bool:
    """Return True for a type that has as many levels as names follow it."""
    text = arguments[at].strip("/")
    return "." in text.partition("/")[0] and text.count("/") == len(arguments) - at - 1 > 0


def _base(function: str, given: Sequence[str], scope: DeploymentScope) -> str | UnknownValue | None:
    """Return the id of the scope. None for arguments that do not fit the function."""
    if function == "resourceid":
        return _group(given, scope)
    if function == "subscriptionresourceid" and len(given) <= 1:
        return _subscription(given[0] if given else scope.subscription)
    if function == "extensionresourceid" and len(given) == 1 and given[0].startswith("/"):
        return given[0].rstrip("/")
    return "" if function == "tenantresourceid" and not given else None


def _group(given: Sequence[str], scope: DeploymentScope) -> str | UnknownValue:
    """Return the id of the given or the deployment's resource group, or of its subscription if it has no group."""
    if not given:
        return scope.id or UnknownValue([SUBSCRIPTION if scope.group is None else GROUP])
    subscription = _subscription(scope.subscription if len(given) == 1 else given[0])
    return subscription if isinstance(subscription, UnknownValue) else f"{subscription}/resourceGroups/{given[-1]}"


def _subscription(found: Value) -> str | UnknownValue:
    return UnknownValue([SUBSCRIPTION]) if found == UNKNOWN else f"/subscriptions/{found}"
