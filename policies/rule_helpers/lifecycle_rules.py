"""The lifecycle rules of a storage account: after how many days they delete."""

from __future__ import annotations

from policies.model import MISSING, Resource, Unknown

ACTIONS = "policy.rules[*].definition.actions"
AGES = ("daysAfterModificationGreaterThan", "daysAfterCreationGreaterThan", "daysAfterLastAccessTimeGreaterThan")
KINDS = ("baseBlob", "version", "snapshot")


def days_until_deletion(policy: Resource, rule: str) -> float | None:
    """Return the least days after which the rule at a path deletes blobs, versions or snapshots; None: it deletes none.

    `Unknown` where the days are not known.
    """
    found = [_least_days(policy, f"{rule}.definition.actions.{kind}.delete") for kind in KINDS]
    return min((days for days in found if days is not None), default=None)


def _least_days(policy: Resource, path: str) -> float | None:
    deletion = policy.at(path)
    if deletion is MISSING or deletion is None:
        return None
    days = [deletion[age] for age in AGES if isinstance(deletion, dict) and deletion.get(age) is not None]
    if not days or any(not isinstance(day, int | float) for day in days):
        raise Unknown(path)
    return float(min(days))
