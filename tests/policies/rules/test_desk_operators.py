"""The custom role that starts and stops desks: its actions, and where it is assigned (IA1, IA4, IA6, IA8)."""

from __future__ import annotations

from typing import Any

import pytest

from formats.desk_operator import PREFIX
from policies.azure_semantics import ids
from policies.expected.desk_operator import ACTIONS
from tests.policies import shipped
from tests.policies.rules.shipped_cases import blocking, having, names, one

TENANCY = "tre-hcm-progression"
ROLE, GRANT = "authorization:RoleDefinition", "authorization:RoleAssignment"
START = "Microsoft.Compute/virtualMachines/start/action"


def test_the_shipped_role_and_its_assignment_pass() -> None:
    assert one("platform", ROLE, "desk-operator").at("permissions[0].actions") == sorted(ACTIONS)
    assert [blocking(policy) for policy in ("IA1", "IA4", "IA6", "IA8")] == [[], [], [], []]


@pytest.mark.parametrize(("path", "value"), [
    ("permissions", [{"actions": [START, "Microsoft.Compute/virtualMachines/runCommand/action"]}]),
    ("permissions", [{"actions": [*sorted(ACTIONS), "Microsoft.Compute/virtualMachines/write"]}]),
    ("permissions", [{"actions": ["*"]}]), ("permissions", [{"actions": [START]}]),
    ("permissions[0].dataActions", ["Microsoft.Compute/virtualMachines/login/action"]),
    ("assignableScopes", ["/subscriptions/51de0000-0000-4000-8000-000000000002"]), ("assignableScopes", ["/"]),
    ("roleDefinitionId", PREFIX + "0" * 12),
])  # fmt: skip
def test_a_role_with_anything_more_is_refused(path: str, value: Any) -> None:
    assert names(blocking("IA4", having(one("platform", ROLE, "desk-operator"), path, value))) == {"desk-operator"}


def test_it_is_assigned_on_single_desks_to_their_users_alone() -> None:
    grant = one(TENANCY, GRANT, "desk-researchers-operate")
    group = ids.resource_group(grant.at("scope"))
    for scope in (group, group.rpartition("/resourcegroups/")[0]):
        assert names(blocking("IA8", having(grant, "scope", scope))) == {grant.name}, scope
    assert names(blocking("IA1", having(grant, "scope", group))) == {grant.name}
    other = shipped.configs()[TENANCY].checkers  # type: ignore[attr-defined]
    assert names(blocking("IA8", having(grant, "principalId", str(other)))) == {grant.name}
    definition = f"{str(grant.at('roleDefinitionId')).rpartition('/')[0]}/{PREFIX}{'0' * 12}"
    assert names(blocking("IA1", having(grant, "roleDefinitionId", definition))) == {grant.name}
