"""Who can newly read, write or reach which data after a change, and who no longer can."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from formats.plan import UNKNOWN, Operation
from formats.pulumi_state import read_export
from operations.access.diff import Effect, access_diff
from operations.access.relevance import may_change_access, may_change_flows
from tests.operations.access.estates import (
    NEW_GROUP,
    OWNER,
    ROLE,
    STORE,
    added,
    changed,
    diff,
    plans,
    said,
    staffed_plans,
)
from tests.policies import shipped, staffed
from tests.policies.test_pending_deletes import with_left_grant

STAGING = (
    "container de-identified of the staging store (safe-haven); container extracts of the staging store (safe-haven)"
)
ALL = "read, write, delete"
OPEN: dict[str, Any] = {"publicNetworkAccess": "Enabled", "networkRuleSet": {"defaultAction": "Allow"}}


def test_another_group_of_stewards_gains_what_the_former_loses() -> None:
    found = diff(changed("safe-haven", "staging-stewards-writes", ROLE, Operation.REPLACE, principalId=NEW_GROUP))
    assert said(found, Effect.GAINED) == [(f"unknown {NEW_GROUP}", ALL, STAGING)]
    assert said(found, Effect.LOST) == [("stewards of staging", ALL, STAGING)]
    assert "- stewards of staging can no longer" in found.lines()[1]
    assert found.opens
    assert found.flows == ()
    assert json.loads(json.dumps(found.to_json()))["changes"][0]["usable"] is False


def test_a_renamed_group_is_no_change_of_access() -> None:
    configs = shipped.configs()
    junction: Any = configs["junction-zone"]
    first = junction.providers[0]
    renamed = {**configs, "junction-zone": junction.model_copy(update={
        "providers": (first.model_copy(update={"name": "Other Hospitals"}), *junction.providers[1:])})}  # fmt: skip
    found = diff(plans(), plans(), configs=renamed, configs_before=configs)
    assert found.changes == ()
    (rename,) = found.renames
    assert (rename.id, rename.after) == (str(first.group), f"provider {first.code} (Other Hospitals)")
    assert not found.opens


def test_the_same_name_for_another_group_is_a_change() -> None:
    configs = shipped.configs()
    haven: Any = configs["safe-haven"]
    other = haven.model_copy(update={"staging": haven.staging.model_copy(update={"stewards": UUID(NEW_GROUP)})})
    after = changed("safe-haven", "staging-stewards-writes", ROLE, Operation.REPLACE, principalId=NEW_GROUP)
    found = diff(after, configs={**configs, "safe-haven": other}, configs_before=configs)
    assert found.renames == ()
    assert said(found, Effect.GAINED) == [("stewards of staging", ALL, STAGING)]
    assert said(found, Effect.LOST) == [("stewards of staging", ALL, STAGING)]
    gained, lost = found.lines()[:2]
    assert f"+ stewards of staging ({NEW_GROUP}) can now" in gained
    assert f"- stewards of staging ({haven.staging.stewards}) can no longer" in lost


def test_an_opened_store_changes_who_reaches_it_and_the_depth_of_flows() -> None:
    found = diff(changed("safe-haven", "staging", STORE, Operation.UPDATE, **OPEN))
    (change,) = [c for c in found.changes if c.holder.name == "stewards of staging"]
    assert (change.effect, change.ways_before, change.ways) == (Effect.CHANGED, (), ("from the Internet",))
    assert "can now read, write, delete, by the role it had and its first network way: " in str(change)
    (flow,) = [f for f in found.flows if f.source == "staging"]
    assert (flow.policy, flow.before, flow.after, flow.weakens) == ("FL1", 3, 1, True)
    assert flow.gone
    assert "3 controls before, 1 control after" in str(flow)
    closed = access_diff(changed("safe-haven", "staging", STORE, Operation.UPDATE, **OPEN), plans(),
                         configs=shipped.configs())  # fmt: skip
    assert not closed.opens
    assert "can no longer read, write, delete, and keeps the role without a network way: " in closed.lines()[0]


def test_a_staff_machine_gives_its_roles_a_way_in() -> None:
    found = access_diff(plans(), staffed_plans(), configs=staffed.configs(), with_flows=False)
    assert ("stewards of staging", ALL, STAGING) in said(found, Effect.CHANGED)


def test_a_wider_role_is_a_gain_of_manage_rights_and_keys() -> None:
    role = f"/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"
    found = diff(added("safe-haven", "staging-stewards-writes", principalId=NEW_GROUP, roleDefinitionId=role))
    gained = said(found, Effect.GAINED)
    assert (f"unknown {NEW_GROUP}", "list account keys, manage, manage rights, also its own, read settings",
            "staging store (safe-haven)") in gained  # fmt: skip


def test_a_condition_that_goes_is_a_change() -> None:
    after = changed("tre-hcm-progression", "export-asked-checks-reads", ROLE, Operation.UPDATE, condition=None)
    (change,) = diff(after).changes
    assert (change.effect, change.opens) == (Effect.CHANGED, True)
    assert "no longer by the condition: only blobs that the malware scan found clean" in str(change)


def test_a_new_tenancy_gives_its_people_access() -> None:
    found = diff(plans(), plans()[:3])
    gained = said(found, Effect.GAINED)
    assert ("researchers of hcm-progression", "sign in", "desk of hcm-progression (tre-hcm-progression)") in gained
    assert found.changes
    assert all(change.effect is Effect.GAINED for change in found.changes)
    removed = diff(plans()[:3], plans())
    assert {c.effect for c in removed.changes} == {Effect.LOST}
    assert not removed.opens


def test_a_left_grant_is_lost_only_when_its_delete_succeeds() -> None:
    left = read_export(with_left_grant("safe-haven", "staging-stewards-writes", NEW_GROUP), cloud="local")
    assert left
    before = [left if plan.stack == "safe-haven" else plan for plan in plans()]
    after = [replace(left) if plan is left else plan for plan in before]
    found = diff(after, before)
    (change,) = found.changes
    assert (change.effect, change.holder.id, change.is_pending) == (Effect.LOST, NEW_GROUP, True)
    assert "a revocation that failed before" in str(change)


def test_a_principal_that_is_not_known_yet_is_said_to_be_so() -> None:
    found = diff(added("safe-haven", "staging-stewards-writes", principalId=UNKNOWN))
    assert said(found, Effect.GAINED)[0][0] == "a principal that is not known before the deployment"


@pytest.mark.parametrize(
    ("inputs", "access", "flows"),
    [({"tags": {}}, False, False), ({"publicNetworkAccess": "Enabled"}, True, True)],
)
def test_a_plan_that_touches_nothing_of_access_is_not_analysed(
    inputs: dict[str, Any], access: bool, flows: bool
) -> None:
    after = changed("safe-haven", "staging", STORE, Operation.UPDATE, **inputs)
    plan = next(p for p in after if p.stack == "safe-haven")
    assert (may_change_access(plan), may_change_flows(plan)) == (access, flows)


def test_a_condition_touches_access_but_no_flow() -> None:
    after = changed("safe-haven", "staging-stewards-writes", ROLE, Operation.UPDATE, condition="x")
    plan = next(p for p in after if p.stack == "safe-haven")
    assert may_change_access(plan)
    assert not may_change_flows(plan)


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_no_change_is_no_difference(stack: str) -> None:
    after = [shipped.after(p.stack) if p.stack == stack else p for p in plans()]
    found = diff(after, with_flows=False)
    assert not found
    assert found.lines() == []
