"""Storage accounts and what lies in them."""

from __future__ import annotations

import re

from formats.stack_config import DataClass
from policies.model import MISSING, PolicyContext, Resource, Unknown

ARCHIVE_DAYS = {DataClass.SYNTHETIC: 0, DataClass.DE_IDENTIFIED: 180, DataClass.IDENTIFIABLE: 365}
"""How long an archive or audit trail is kept, at least."""
ARCHIVE = re.compile(r"archiv", re.IGNORECASE)
AUDIT = re.compile(r"(^|[^a-z])audit|^insights-", re.IGNORECASE)
FLOWS = "insights-logs-flowlogflowevent"
"""Azure rewrites each hour's flow record while the hour lasts, so that container cannot be immutable."""


def account_of(resource: Resource, context: PolicyContext) -> Resource | None:
    """The storage account that something lies in, if it is judged here. `Unknown` where the id is not known."""
    if resource.id is None:
        raise Unknown("id")
    inside = re.match(r"(/.*?/storageAccounts/[^/]+)(/|$)", resource.id, re.IGNORECASE)
    return context.get(inside.group(1)) if inside else None


def is_archive(container: Resource, context: PolicyContext) -> bool:
    """Whether a container keeps an archive: by its own name, or its account's."""
    account = account_of(container, context)
    names = [container.name, _text(container, "containerName"), _text(account or container, "accountName")]
    if account:
        names.append(account.name)
    return any(ARCHIVE.search(name) for name in names)


def is_audit(container: Resource) -> bool:
    """Whether a container keeps an audit trail, by the name that Azure or its maker gave it."""
    name = _text(container, "containerName") or container.name
    return bool(AUDIT.search(name)) and name != FLOWS


def _text(resource: Resource, path: str) -> str:
    found = resource.at(path)
    return "" if found is MISSING else str(found)
