"""Every rule is effective: secure resources pass, and fail with one weak value or are unknown with one unknown value.

The files that the resources come from have further tests of single rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from formats.plan import UNKNOWN
from policies.model import Verdict
from policies.rules import load
from tests.policies.rules import (
    good_practice,
    test_compute,
    test_endpoints_and_firewall,
    test_good_practice,
    test_identity_and_data_access,
    test_key_vault,
    test_logging_and_governance,
    test_network,
    test_other_services,
)
from tests.policies.rules.cases import World, changed, findings, label, rows, verdict
from tests.policies.rules.sample_estate import site
from tests.policies.rules.weakening import Case, family

# The sample estate ----------------------------------------------------------------------------------------------------

ESTATE_MODULES = (test_identity_and_data_access, test_endpoints_and_firewall, test_network, test_logging_and_governance)
WEAK = [case for module in ESTATE_MODULES for case in module.WEAK]
UNKNOWNS = [case for module in ESTATE_MODULES for case in module.UNKNOWNS]
FAMILIES = [
    policy
    for policy in family("IA", "AL", "NW", "PE", "FW", "BA", "AV", "LG", "GV")
    if not load()[policy].needs_config  # their tests compare the shipped stacks with the estate's files
]
WITHOUT_RESOURCES = {"AV1", "GV7", "IA3", "IA4", "IA7", "IA9", "NW18", "PE5", "PE9"}
"""Policies on types that the estate does not have."""
TESTED_ELSEWHERE = {"AV1", "GV3", "GV4", "GV7", "GV11", "IA3", "IA4", "IA7", "IA9", "IA11", "PE5", "PE9"}
"""Policies that no property of the estate weakens; their files test them."""
EXISTENCE_ONLY = {"GV2"}
"""Policies that depend on the existence of a resource only."""
FAIL_ON_UNKNOWN = {"NW1"}
"""Policies that may fail on an unknown value."""


@pytest.mark.parametrize("policy", FAMILIES)
def test_the_sample_estate_passes(policy: str) -> None:
    said = {f.verdict for f in findings(site(), policy)}
    assert not any(v.blocks for v in said)
    assert Verdict.PASS in said or policy in WITHOUT_RESOURCES


@pytest.mark.parametrize("case", WEAK, ids=str)
def test_each_weakness_of_the_estate_is_refused(case: Case) -> None:
    assert case.said is Verdict.FAIL


@pytest.mark.parametrize("case", UNKNOWNS, ids=str)
def test_an_unknown_value_of_the_estate_does_not_pass(case: Case) -> None:
    assert case.said is Verdict.UNKNOWN or (case.said is Verdict.FAIL and case.policy in FAIL_ON_UNKNOWN)


def test_every_rule_has_a_case_on_the_estate() -> None:
    assert {c.policy for c in WEAK} == set(FAMILIES) - TESTED_ELSEWHERE
    assert {c.policy for c in UNKNOWNS} == set(FAMILIES) - TESTED_ELSEWHERE - EXISTENCE_ONLY


# Secure resources -----------------------------------------------------------------------------------------------------

Row = tuple[str, str, str, object]


@dataclass(frozen=True)
class SecureResources:
    """Resources that pass with every data class, and changes that weaken them."""

    world: Callable[..., World]
    weak: list[Row]
    policies: tuple[str, ...]


SECURE = {
    "computers": SecureResources(test_compute.world, test_compute.ROWS, tuple(test_compute.WEAK)),
    "services": SecureResources(
        test_other_services.world, rows(test_other_services.WEAK), tuple(test_other_services.WEAK)
    ),
    "good practice": SecureResources(
        good_practice.world, rows(test_good_practice.WEAK), tuple(test_good_practice.WEAK)
    ),
    "vaults": SecureResources(test_key_vault.world, rows(test_key_vault.WEAK), tuple(test_key_vault.WEAK)),
}
KNOWN = {"KV11"}
"""A secret with an unknown value is stored nowhere yet."""
ROWS = [(name, row) for name, closed in SECURE.items() for row in closed.weak]
UNKNOWN_PATHS = sorted({(name, policy, who, path) for name, (policy, who, path, _) in ROWS if policy not in KNOWN})
PASSING = [(name, policy) for name, closed in SECURE.items() for policy in closed.policies]


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[f"{name} {label(row)}" for name, row in ROWS])
def test_each_weakness_of_secure_resources_is_refused(name: str, row: Row) -> None:
    policy, who, path, value = row
    assert verdict(changed(SECURE[name].world(), who, path, value), policy, who) is Verdict.FAIL


@pytest.mark.parametrize("data_class", ["synthetic", "de-identified", "identifiable"])
@pytest.mark.parametrize(("name", "policy"), PASSING)
def test_secure_resources_pass_with_every_data_class(name: str, policy: str, data_class: str) -> None:
    said = findings(SECURE[name].world(data_class), policy)
    assert said
    assert not [f for f in said if f.verdict.blocks]


@pytest.mark.parametrize(
    ("name", "policy", "who", "path"), UNKNOWN_PATHS, ids=[f"{h[0]} {h[1]} {h[2]} {h[3]}" for h in UNKNOWN_PATHS]
)
def test_an_unknown_value_of_secure_resources_does_not_pass(name: str, policy: str, who: str, path: str) -> None:
    said = {f.verdict for f in findings(changed(SECURE[name].world(), who, path, UNKNOWN), policy)}
    assert said & {Verdict.UNKNOWN, Verdict.FAIL}
