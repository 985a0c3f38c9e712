"""TY1: a type without a policy is unknown."""

from __future__ import annotations

import pytest

from policies.model import PolicyContext, Verdict
from policies.rules import load
from policies.rules.governance.known_types import HARMLESS, MAX_COVERED_TYPES, POLICY, REFUSED
from policies.runner import evaluate
from tests.policies.world import store


def verdict(type_: str) -> tuple[Verdict, str]:
    (finding,) = evaluate(PolicyContext([store(type_=type_)]), {POLICY.id: POLICY}).findings
    return finding.verdict, finding.message


@pytest.mark.parametrize("type_", ["storage:StorageAccount", *HARMLESS])
def test_a_covered_or_harmless_type_passes(type_: str) -> None:
    assert verdict(type_)[0] is Verdict.PASS


@pytest.mark.parametrize(
    "type_",
    ["web:WebAppFunction", "network:FirewallPolicyRuleCollectionGroupDraft", "storage:storageaccount", "", "*", "x"],
)
def test_any_other_type_is_unknown_and_named(type_: str) -> None:
    found, message = verdict(type_)
    assert found is Verdict.UNKNOWN
    assert type_ in message


@pytest.mark.parametrize("type_", [*REFUSED, "batch:BatchAccount", "batch:Pool", "batch:AnyOtherType"])
def test_a_refused_type_fails_with_the_reason(type_: str) -> None:
    found, message = verdict(type_)
    assert found is Verdict.FAIL
    assert message.endswith("declare virtual machines")


def test_a_policy_on_many_types_covers_none_of_them() -> None:
    sweeping = {t for p in load().values() if len(p.resource_types) > MAX_COVERED_TYPES for t in p.resource_types}
    about = {
        t
        for p in load().values()
        if len(p.resource_types) <= MAX_COVERED_TYPES
        for t in (*p.resource_types, *(r.rpartition(":")[0] for r in p.property_paths))
    }
    for type_ in sweeping - about - HARMLESS.keys():
        assert verdict(type_)[0].blocks


def test_no_harmless_type_has_a_policy() -> None:
    assert not {t for p in load().values() for t in p.resource_types} & HARMLESS.keys()
