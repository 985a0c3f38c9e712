"""Rules for guardrails: assignments, definitions and exemptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from formats.plan import UNKNOWN
from formats.stack_config import PlatformConfig
from infra.guardrails import HUB_GUARDRAILS, NO_PUBLIC_ADDRESSES, SPOKE_GUARDRAILS
from infra.policy_rules import PolicyGuardrail
from infra.subscription_guardrails import groups_stay, logs_stay, networks_stay, subscription_guardrails
from policies.model import PolicyContext, Verdict
from policies.mutations.table.guardrails import DEFINITION, MATCHES_NOTHING
from tests.policies import shipped
from tests.policies.rules.cases import GONE, GROUP, World, changed, findings, made, verdict, without
from tests.policies.rules.sample_estate import guards, site
from tests.policies.rules.shipped_cases import blocking, having, one
from tests.policies.rules.weakening import REMOVED, Case, cases, unknowns

GUARD = HUB_GUARDRAILS[0].key
RULE = f"{GUARD}-rule"
SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
OF_SUBSCRIPTION = [one.key for one in subscription_guardrails("rg-heart-")]
CLOSES = "disks-close"
WEAKER = {
    "GD1": [
        (f"group<{GUARD}", REMOVED, ()),
        (f"group<{RULE}", REMOVED, ()),
        (f"group<{GUARD}", "enforcementMode", ("DoNotEnforce", "Enroll", UNKNOWN)),
        (f"group<{GUARD}", "notScopes", ([GROUP], UNKNOWN)),
        (f"group<{GUARD}", "scope", (f"{GROUP}-2", UNKNOWN, GONE)),
        (f"group<{GUARD}", "policyDefinitionId", (GROUP, UNKNOWN, GONE)),
        (f"group<{RULE}", "policyRule.then.effect", ("audit", "disabled", UNKNOWN, GONE)),
        (f"group<{RULE}", "policyRule.if", (MATCHES_NOTHING, UNKNOWN, GONE)),
        (f"group<{RULE}", "mode", ("Indexed", UNKNOWN, GONE)),
        *((f"group<{key}", REMOVED, ()) for key in OF_SUBSCRIPTION),
        *((f"group<{key}", "scope", (GROUP,)) for key in OF_SUBSCRIPTION),
        (f"group<{CLOSES}", "identity", (GONE, {"type": "None"}, UNKNOWN)),
        (f"group<{CLOSES}-rule", "policyRule.then.details.operations", ([],)),
        (f"group<{CLOSES}-rule", "policyRule.then.details.operations[0].value", ("AllowAll",)),
        ("group<types-stay-rule", "policyRule.if.notIn[0]", ("Microsoft.Compute/snapshots",)),
    ],
    "GD2": [
        (GUARD, "enforcementMode", ("DoNotEnforce", "Enroll", "")),
        (GUARD, "notScopes", ([GROUP],)),
        (GUARD, "overrides", ([{"kind": "policyEffect", "value": "audit"}],)),
        (GUARD, "resourceSelectors", ([{"name": "one"}],)),
        (GUARD, "parameters", ({"effect": {"value": "audit"}},)),
        (GUARD, "definitionVersion", ("1.*.*",)),
        (GUARD, "identity", ({"type": "SystemAssigned"},)),
        (CLOSES, "identity", ({"type": "UserAssigned"}, {"type": "None"}, GONE)),
        ("types-stay", "notScopes", ([GROUP],)),
    ],
    "GD4": [
        (RULE, "policyRule.then.effect", ("audit", "disabled", "append", GONE)),
        (RULE, "policyRule.if", (MATCHES_NOTHING, {}, GONE)),
        (RULE, "policyRule", (GONE, {}, "deny")),
        (RULE, "mode", ("Indexed", "all", GONE)),
        (RULE, "parameters", ({"effect": {"type": "String"}},)),
        (RULE, "policyType", ("BuiltIn",)),
        ("groups-stay-rule", "policyRule", (groups_stay("rg-").policy_rule,)),
        ("logs-stay-rule", "policyRule", (logs_stay("rg-").policy_rule,)),
        ("networks-stay-rule", "policyRule", (networks_stay("rg-").policy_rule,)),
        (f"{CLOSES}-rule", "policyRule.then", ({"effect": "deny"}, {"effect": "modify"})),
    ],
}
NOT_KNOWN = {
    "GD2": [(GUARD, path) for path in ("enforcementMode", "notScopes", "overrides", "resourceSelectors", "parameters")],
    "GD4": [(RULE, path) for path in ("policyRule", "mode", "parameters", "policyType")],
}


@pytest.mark.parametrize("policy", ["GD1", "GD2", "GD3", "GD4"])
def test_the_sample_estate_passes(policy: str) -> None:
    assert not any(f.verdict.blocks for f in findings(site(), policy))


@pytest.mark.parametrize("case", cases(WEAKER), ids=str)
def test_a_weaker_guardrail_is_refused(case: Case) -> None:
    assert case.said is Verdict.FAIL


@pytest.mark.parametrize("case", unknowns(NOT_KNOWN), ids=str)
def test_an_unknown_value_does_not_pass(case: Case) -> None:
    assert case.said is Verdict.UNKNOWN


def test_azures_defaults_of_missing_properties_pass() -> None:
    for name, path in ((GUARD, "enforcementMode"), (RULE, "policyType")):
        world = changed(site(), name, path, GONE)
        assert not any(f.verdict.blocks for policy in ("GD1", "GD2", "GD4") for f in findings(world, policy))


def room() -> World:
    """Return a resource group without a firewall and a Bastion, with its guardrails."""
    kept = {name: r for name, r in site().items() if r.type.partition(":")[0] != "network"}
    held = {r.name: r for r in guards(SPOKE_GUARDRAILS)}
    return without(kept, *(r.name for r in guards())) | held


def test_a_group_without_firewall_needs_no_firewall_guardrail() -> None:
    assert verdict(room(), "GD1", "group") is Verdict.PASS
    bare = without(room(), NO_PUBLIC_ADDRESSES.key)
    assert verdict(bare, "GD1", "group") is Verdict.FAIL
    assert NO_PUBLIC_ADDRESSES.key in findings(bare, "GD1", "group")[0].message


def test_a_hub_lacks_the_guardrail_of_other_groups() -> None:
    hub = without(site(), *(r.name for r in guards())) | {r.name: r for r in guards(SPOKE_GUARDRAILS)}
    said = " ".join(f.message for f in findings(hub, "GD1", "group"))
    assert "no-translation" in said
    assert "bastion-carries-nothing" in said


def test_a_group_with_an_unknown_id_is_unknown() -> None:
    world = site()
    assert verdict(world | {"group": replace(world["group"], id=None)}, "GD1", "group") is Verdict.UNKNOWN


def test_a_guardrail_of_another_stack_counts() -> None:
    """Azure does not distinguish which program created a definition or assignment."""
    world = {
        n: replace(r, stack="other") if r.type.startswith("authorization:Policy") else r for n, r in site().items()
    }
    assert verdict(world, "GD1", "group") is Verdict.PASS


def test_an_exemption_is_refused_and_disables_the_guardrail() -> None:
    held = site()[GUARD]
    world = site() | {"lifted": made("authorization:PolicyExemption", "lifted", policyAssignmentId=held.id)}
    assert verdict(world, "GD3", "lifted") is Verdict.FAIL
    assert verdict(world, "GD1", "group") is Verdict.FAIL


def test_every_mutation_changes_the_rule() -> None:
    """No mutation of the table leaves a rule unchanged."""
    rule = site()[RULE]
    rework = next(w for w in DEFINITION.weakenings if hasattr(w, "make"))
    made_ = list(rework.make(rule.inputs))
    assert len(made_) > 5
    for words, inputs in made_:
        world = site() | {RULE: replace(rule, inputs=inputs)}
        assert verdict(world, "GD4", RULE) is Verdict.FAIL, words
        assert PolicyContext(world.values())


@pytest.mark.parametrize("guardrail", [groups_stay, logs_stay, networks_stay], ids=lambda one: str(one.__name__))
def test_a_guardrail_names_the_groups_of_its_own_estate_alone(
    guardrail: Callable[[str], PolicyGuardrail],
) -> None:
    key = guardrail("rg-").key
    definition = one("platform", "authorization:PolicyDefinition", f"{key}-{SUBSCRIPTION}")
    assert not blocking("GD4", definition)
    other = having(definition, "policyRule", guardrail("rg-other-").policy_rule)
    (found,) = blocking("GD4", other)
    assert "the estate's groups begin with rg-wmsde-" in found.message


def test_a_hub_protects_every_subscription_of_its_cell() -> None:
    """Also those without a stack yet."""
    config = shipped.configs()["platform"]
    assert isinstance(config, PlatformConfig)
    more = config.model_copy(update={"subscriptions": (*config.subscriptions, UUID(int=7))})
    found = blocking("GD1", configs={**shipped.configs(), "platform": more})
    assert len(found) == len(OF_SUBSCRIPTION)
    assert all(f"/subscriptions/{UUID(int=7)} has no enforced guardrail" in one.message for one in found)
