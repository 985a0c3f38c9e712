"""The roles that may be assigned, and the condition in the platform team's guide."""

from __future__ import annotations

import re
from pathlib import Path

from infra.roles import Role

GUIDE = Path(__file__).parents[2] / "docs" / "platform-team.md"
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_the_guides_condition_allows_exactly_these_roles() -> None:
    """Each for adding and for removing assignments; a role that is missing there fails the first `up`."""
    condition = GUIDE.read_text(encoding="utf-8").split("```text\n((!(ActionMatches")[1].split("```")[0]
    roles = sorted(str(role.value) for role in Role)
    added, removed = condition.split("roleAssignments/delete")
    assert sorted(GUID.findall(added)) == roles
    assert sorted(GUID.findall(removed)) == roles
