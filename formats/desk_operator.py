"""The id of the custom role with which a desk's users start and stop it: one role for each cell of an estate.

The ids of all these roles begin alike, so that a guardrail can name them with one pattern. No built-in role permits
start and deallocate alone (learn.microsoft.com, "Azure built-in roles", Compute).
"""

from __future__ import annotations

import hashlib
from uuid import UUID

PREFIX = "de5c0de5-0000-4000-8000-"
"""The prefix of the ids of these roles. No two roles of a tenant have one id (docs/azure-facts.md#role-definitions)."""
TITLE = "Start and stop a desk"
"""The beginning of the names of these roles."""


def desk_operator_id(estate: str, tenant: UUID | None, platform: str) -> UUID:
    """Return the id of the role of the cell whose platform stack has this name, in an estate of a tenant."""
    digest = hashlib.sha256(f"{estate}\n{tenant}\n{platform}".encode()).hexdigest()
    return UUID(PREFIX + digest[:12])
