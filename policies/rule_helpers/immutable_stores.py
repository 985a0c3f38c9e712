"""Storage accounts that keep a second copy of logs, which nobody can change or delete."""

from __future__ import annotations

from policies.azure_semantics import ids
from policies.azure_semantics.properties import lower_text
from policies.model import PolicyContext, Resource

STORE, CONTAINER = "storage:StorageAccount", "storage:BlobContainer"
CONTAINER_POLICY = "storage:BlobContainerImmutabilityPolicy"
"""The type of an immutability policy of one container."""
ACCOUNT_IMMUTABILITY = "immutableStorageWithVersioning"
"""The account's property with an immutability policy for every version of every blob in it."""
PERIOD = "immutabilityPeriodSinceCreationInDays"
"""The property of both policies that says for how many days a blob is immutable."""
LOG_DAYS = 365
LOG_CONTAINER = "insights-logs-"
"""The prefix of each container that Azure Monitor writes logs to (learn.microsoft.com, "Diagnostic settings")."""
ACCOUNT_PATHS = tuple(
    f"{STORE}:{ACCOUNT_IMMUTABILITY}.{part}"
    for part in ("enabled", "immutabilityPolicy.state", f"immutabilityPolicy.{PERIOD}")
)
READS = (
    *ACCOUNT_PATHS,
    f"{CONTAINER}:containerName",
    f"{CONTAINER_POLICY}:{PERIOD}",
)
"""The paths that are read, for `check_paths`."""


def keeps_logs_unchanged(store: Resource, context: PolicyContext) -> bool:
    """True if blobs are immutable for a year, by the account's policy or by that of each container of logs."""
    if store.type != STORE:
        return False
    policy = f"{ACCOUNT_IMMUTABILITY}.immutabilityPolicy"
    if store.at(f"{ACCOUNT_IMMUTABILITY}.enabled") is True and lower_text(store, f"{policy}.state") in (
        "locked",
        "unlocked",
    ):
        return _is_year(store.at(f"{policy}.{PERIOD}"))
    logs = [c for c in context.same_stack(store, CONTAINER) if _holds_logs(c, store)]
    return bool(logs) and all(_is_immutable(container, context) for container in logs)


def _holds_logs(container: Resource, store: Resource) -> bool:
    inside = ids.own(container).startswith(f"{ids.own(store)}/")
    return inside and ids.name(container.id).startswith(LOG_CONTAINER)


def _is_immutable(container: Resource, context: PolicyContext) -> bool:
    policies = context.children(CONTAINER_POLICY, container)
    return bool(policies) and all(_is_year(policy.at(PERIOD)) for policy in policies)


def _is_year(days: object) -> bool:
    return isinstance(days, int | float) and not isinstance(days, bool) and days >= LOG_DAYS
