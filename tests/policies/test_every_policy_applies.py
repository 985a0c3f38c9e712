"""Every policy has a verdict other than not applicable on some plan, so that none is switched off unnoticed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from formats.plan import Operation, Plan, PlannedResource
from policies.model import Verdict
from policies.plan_evaluation import evaluate_plans
from policies.rules import load
from tests.policies import shipped

STACK = "tre-hcm-progression"
BYTES = "random:index/randomBytes:RandomBytes"
NEEDED: Mapping[str, Mapping[str, Any]] = {"PG3": {"configurationName": "require_secure_transport", "value": "OFF"}}
"""The inputs without which a policy applies to no resource of its types."""
NOT_APPLICABLE = {
    "FW14": "it is about sites, which the sample estate does not connect; tests/policies/test_sites.py has some",
    "NW24": "as FW14",
    "FL3": "it needs two projects, and the sample estate has one; tests/policies/rules/test_data_flows.py has two",
    "VM26": "it is about a firewall that decrypts; tests/policies/test_tenant_restrictions.py has one",
    "TM1": "it is about ARM templates only",
    "TM2": "it is about ARM templates only",
}
"""Policies that apply to none of these plans, with the reason."""


@cache
def on_the_sample_estate() -> frozenset[str]:
    """Return the policies with a verdict other than not applicable on the sample estate."""
    plans = [shipped.deployed(stack) for stack in shipped.STACKS]
    report = evaluate_plans(plans, is_complete=True, configs=shipped.configs())
    return frozenset(f.policy for f in report.findings if f.verdict is not Verdict.NOT_APPLICABLE)


def verdicts_on_bare_resources(policy: str) -> set[Verdict]:
    """Return the verdicts on a resource of each of the policy's types, without properties."""
    others = ("random:", "pulumi:")
    types = [t if t.startswith(others) else f"azure-native:{t}" for t in load()[policy].resource_types]
    resources = tuple(
        PlannedResource(
            f"urn:pulumi:{STACK}::sde::{type_}::one", type_, Operation.CREATE, inputs=NEEDED.get(policy, {})
        )
        for type_ in types
    )
    plans = [Plan("sde", STACK, "local", resources)]
    report = evaluate_plans(plans, is_complete=True, policies={policy: load()[policy]}, configs=shipped.configs())
    return {finding.verdict for finding in report.findings}


@pytest.mark.parametrize("policy", load())
def test_each_policy_applies_to_some_plan(policy: str) -> None:
    applies = policy in on_the_sample_estate() or verdicts_on_bare_resources(policy) != {Verdict.NOT_APPLICABLE}
    assert applies is (policy not in NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("change", "policy"),
    [({"inputs": {"length": 2}}, "KV12"), ({"protect": False}, "GV3")],
    ids=["short", "no protect"],
)
def test_a_weak_pseudonym_secret_in_a_plan_fails(change: dict[str, Any], policy: str) -> None:
    plan = shipped.before("safe-haven")
    weak = tuple(replace(r, **change) if r.type == BYTES else r for r in plan.resources)
    report = evaluate_plans([replace(plan, resources=weak)], policies=load())
    assert {(f.policy, f.type) for f in report.findings if f.verdict is Verdict.FAIL} == {(policy, BYTES)}


def test_a_type_of_random_that_no_policy_covers_is_unknown() -> None:
    plan = shipped.before("safe-haven")
    type_ = "random:index/randomString:RandomString"
    text = PlannedResource(f"urn:pulumi:safe-haven::sde::{type_}::key", type_, Operation.CREATE, inputs={"length": 3})
    report = evaluate_plans([replace(plan, resources=(*plan.resources, text))], policies={"TY1": load()["TY1"]})
    assert [(f.verdict, f.name) for f in report.findings if f.verdict.blocks] == [(Verdict.UNKNOWN, "key")]
