"""Storage accounts and their containers: archives and audit trails."""

from __future__ import annotations

import re

from formats.stack_config import DataClass
from policies.model import MISSING, PolicyContext, Resource, Unknown

ARCHIVE_DAYS = {DataClass.SYNTHETIC: 0, DataClass.DE_IDENTIFIED: 180, DataClass.IDENTIFIABLE: 365}
"""The minimum retention of an archive or audit trail, in days."""
ARCHIVE = re.compile(r"archiv", re.IGNORECASE)
AUDIT = re.compile(r"(^|[^a-z])audit|^insights-", re.IGNORECASE)
FLOW_LOG_CONTAINER = "insights-logs-flowlogflowevent"
"""Azure rewrites each hour's flow log during the hour, so this container cannot be immutable."""


def account_of(resource: Resource, context: PolicyContext) -> Resource | None:
    """Return the storage account of a child resource, if it is in this check. `Unknown` where the id is not known."""
    if resource.id is None:
        raise Unknown("id")
    inside = re.match(r"(/.*?/storageAccounts/[^/]+)(/|$)", resource.id, re.IGNORECASE)
    return context.get(inside.group(1)) if inside else None


def is_archive(container: Resource, context: PolicyContext) -> bool:
    """Return True if a container is an archive, by its own or its account's name."""
    account = account_of(container, context)
    names = [container.name, _text(container, "containerName"), _text(account or container, "accountName")]
    if account:
        names.append(account.name)
    return any(ARCHIVE.search(name) for name in names)


def is_audit(container: Resource) -> bool:
    """Return True if a container has an audit trail, by its name."""
    name = _text(container, "containerName") or container.name
    return bool(AUDIT.search(name)) and name != FLOW_LOG_CONTAINER


def _text(resource: Resource, path: str) -> str:
    found = resource.at(path)
    return "" if found is MISSING else str(found)
