"""The roles that may be granted, and what the guide asks for those who grant them."""

from __future__ import annotations

import re
from pathlib import Path

from infra.roles import Role

GUIDE = Path(__file__).parents[2] / "docs" / "platform-team.md"
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_whoever_deploys_may_grant_these_roles_and_no_other() -> None:
    """Each once for granting and once for taking away; a role that is missing there fails the first `up`."""
    condition = GUIDE.read_text(encoding="utf-8").split("```text\n((!(ActionMatches")[1].split("```")[0]
    roles = sorted(str(role.value) for role in Role)
    granted, taken = condition.split("roleAssignments/delete")
    assert sorted(GUID.findall(granted)) == roles
    assert sorted(GUID.findall(taken)) == roles
