"""The whole catalogue: the required policies exist, once each, with controls of each standard."""

from __future__ import annotations

from dataclasses import fields

import pytest

from policies.controls import standards
from policies.model import MISSING, Policy, Unknown
from policies.rules import load
from tests.policies.rules.cases import made

NEEDED = {
    *(f"ST{n}" for n in range(1, 23)), *(f"KV{n}" for n in range(1, 13)), *(f"VM{n}" for n in range(1, 16)),
    *(f"NW{n}" for n in range(1, 11)), *(f"FW{n}" for n in range(1, 5)), *(f"PG{n}" for n in range(1, 5)),
    *(f"BK{n}" for n in range(1, 4)), *(f"ML{n}" for n in range(1, 4)), "PE1", "PE2", "BA1", "AV1", "SQ1", "SQ2", "CR1",
    "CR2", "DB1", "DB2", "SY1", "LG1", "LG2", "GV1", "GV2", "IA1", "AL1",
}  # fmt: skip
OUTSIDE_CAF = ("GV12", "VM26", "VM27")
"""Policies on spending, and on a computer that would otherwise not work."""
POLICIES = list(load().values())


def test_every_required_policy_exists() -> None:
    assert set(load()) >= NEEDED


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.id)
def test_each_policy_names_controls_of_each_standard_once(policy: Policy) -> None:
    named = {f.name: getattr(policy.controls, f.name) for f in fields(policy.controls)}
    assert named["satre"] and named["ncsc"] and named["iso27001"]
    assert bool(named["caf"]) is (policy.id not in OUTSIDE_CAF)
    for standard, numbers in named.items():
        assert set(numbers) <= set(standards()[standard].controls), standard
        assert len(set(numbers)) == len(numbers), standard


def test_titles_are_unique() -> None:
    assert len({policy.title for policy in POLICIES}) == len(POLICIES)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.id)
def test_each_policy_names_its_types_and_paths_once(policy: Policy) -> None:
    assert len(set(policy.resource_types)) == len(policy.resource_types)
    assert len(set(policy.check_paths)) == len(policy.check_paths)
    assert not {requirement.path for requirement in policy.requirements} & set(policy.check_paths)


@pytest.mark.parametrize("odd", ["[secret]", "text", 5, True])
def test_a_path_into_a_value_that_is_no_object_is_unknown(odd: object) -> None:
    resource = made("storage:StorageAccount", "data", networkRuleSet=odd, tags={"cost centre": odd})
    for path in ("networkRuleSet.bypass", "networkRuleSet[0]", "networkRuleSet[*].value", 'tags["cost centre"].x'):
        with pytest.raises(Unknown):
            resource.at(path)
    assert resource.at("networkRuleSet") == odd
    assert resource.at('tags["cost centre"]') == odd


def test_an_absent_property_is_missing() -> None:
    resource = made("storage:StorageAccount", "data", rules=[{"name": "one"}], nothing=None)
    for path in ("gone", "gone.below", "nothing", "nothing.below", "rules[1]", "rules[1].name", "rules[0].value"):
        assert resource.at(path) is MISSING
    assert resource.at("rules[0].name") == "one"
    assert resource.each("rules[*].name") == ["one"]
