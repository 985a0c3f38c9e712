"""Every rule bites: the worlds of this folder pass, and no longer once one thing in them is weaker, or not known yet.

What is said of single rules beside that stands in the files that the worlds come from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from formats.plan import UNKNOWN
from policies.model import Verdict
from tests.policies.rules import (
    test_compute,
    test_endpoints_and_firewall,
    test_identity_and_data_access,
    test_key_vault,
    test_logging_and_governance,
    test_network,
    test_other_services,
)
from tests.policies.rules.cases import World, changed, findings, label, rows, verdict
from tests.policies.rules.sample_estate import site
from tests.policies.rules.weakening import Case, family

# The small site ------------------------------------------------------------------------------------------------------

OF_THE_SITE = (test_identity_and_data_access, test_endpoints_and_firewall, test_network, test_logging_and_governance)
WEAK = [case for module in OF_THE_SITE for case in module.WEAK]
UNKNOWNS = [case for module in OF_THE_SITE for case in module.UNKNOWNS]
FAMILIES = family("IA", "AL", "NW", "PE", "FW", "BA", "AV", "LG", "GV")
NONE_OF_IT_THERE = {"AV1", "GV7", "IA3", "IA4", "IA7", "NW18", "PE5"}
"""Policies on what the site has none of."""
OTHERWISE_TRIED = {"AV1", "GV3", "GV4", "GV7", "IA3", "IA4", "IA7", "PE5"}
"""Policies that no property of the site weakens: their files say how they bite."""
ALWAYS_KNOWN = {"GV2"}
"""Policies on what is there or is not."""
FAILS_UNKNOWN = {"NW1"}
"""Policies that may refuse what is not known yet as they refuse what is wrong."""


@pytest.mark.parametrize("policy", FAMILIES)
def test_the_site_passes(policy: str) -> None:
    said = {f.verdict for f in findings(site(), policy)}
    assert not any(v.blocks for v in said)
    assert Verdict.PASS in said or policy in NONE_OF_IT_THERE


@pytest.mark.parametrize("case", WEAK, ids=str)
def test_each_weakness_of_the_site_is_refused(case: Case) -> None:
    assert case.said is Verdict.FAIL


@pytest.mark.parametrize("case", UNKNOWNS, ids=str)
def test_what_nobody_knows_yet_of_the_site_passes_nothing(case: Case) -> None:
    assert case.said is Verdict.UNKNOWN or (case.said is Verdict.FAIL and case.policy in FAILS_UNKNOWN)


def test_every_rule_is_tried_on_the_site() -> None:
    assert {c.policy for c in WEAK} == set(FAMILIES) - OTHERWISE_TRIED
    assert {c.policy for c in UNKNOWNS} == set(FAMILIES) - OTHERWISE_TRIED - ALWAYS_KNOWN


# The closed worlds ---------------------------------------------------------------------------------------------------

Row = tuple[str, str, str, object]


@dataclass(frozen=True)
class Closed:
    """A world that passes however sensitive what it holds is, and what weakens it."""

    world: Callable[..., World]
    weak: list[Row]
    policies: tuple[str, ...]


CLOSED = {
    "computers": Closed(test_compute.world, test_compute.ROWS, tuple(test_compute.WEAK)),
    "services": Closed(test_other_services.world, rows(test_other_services.WEAK), tuple(test_other_services.WEAK)),
    "vaults": Closed(test_key_vault.world, rows(test_key_vault.WEAK), tuple(test_key_vault.WEAK)),
}
KNOWN = {"KV11"}
"""What a secret holds that only the deployment tells stands in the clear nowhere yet."""
ROWS = [(name, row) for name, closed in CLOSED.items() for row in closed.weak]
HIDDEN = sorted({(name, policy, who, path) for name, (policy, who, path, _) in ROWS if policy not in KNOWN})
PASSING = [(name, policy) for name, closed in CLOSED.items() for policy in closed.policies]


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[f"{name} {label(row)}" for name, row in ROWS])
def test_each_weakness_of_a_closed_world_is_refused(name: str, row: Row) -> None:
    policy, who, path, value = row
    assert verdict(changed(CLOSED[name].world(), who, path, value), policy, who) is Verdict.FAIL


@pytest.mark.parametrize("data_class", ["synthetic", "de-identified", "identifiable"])
@pytest.mark.parametrize(("name", "policy"), PASSING)
def test_a_closed_world_passes(name: str, policy: str, data_class: str) -> None:
    said = findings(CLOSED[name].world(data_class), policy)
    assert said
    assert not [f for f in said if f.verdict.blocks]


@pytest.mark.parametrize(
    ("name", "policy", "who", "path"), HIDDEN, ids=[f"{h[0]} {h[1]} {h[2]} {h[3]}" for h in HIDDEN]
)
def test_what_is_not_known_yet_of_a_closed_world_passes_nothing(name: str, policy: str, who: str, path: str) -> None:
    said = {f.verdict for f in findings(changed(CLOSED[name].world(), who, path, UNKNOWN), policy)}
    assert said & {Verdict.UNKNOWN, Verdict.FAIL}
