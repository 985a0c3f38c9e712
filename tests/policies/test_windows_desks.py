"""The policies accept a Windows desk as the program declares it, and refuse every weakening of it."""

from __future__ import annotations

from policies.mutations.generate import mutants
from policies.mutations.proof import GateDetector, ready
from policies.plan_evaluation import Neighbours, evaluate_plans, today
from policies.rules import load
from tests.policies import shipped

TENANCY = "tre-hcm-progression"
OF_DESK = ("compute:VirtualMachine", "compute:VirtualMachineExtension", "random:index/randomPassword:RandomPassword")


def test_the_hub_and_the_tenancy_of_a_windows_desk_pass() -> None:
    plans = [shipped.with_windows(stack) for stack in shipped.WITH_WINDOWS]
    others = [shipped.deployed(stack) for stack in shipped.STACKS if stack not in shipped.WITH_WINDOWS]
    report = evaluate_plans(plans, neighbours=Neighbours.of_plans(others), configs=shipped.windows_configs())
    assert [(f.policy, f.urn, f.message) for f in report.blocking] == []


def test_the_rules_of_an_estate_without_windows_desks_refuse_them() -> None:
    """The firewall's name, the two guardrails and the desk are compared with the estate."""
    plans = [shipped.with_windows(stack) for stack in shipped.WITH_WINDOWS]
    configs = {**shipped.windows_configs(), "platform": shipped.configs()["platform"]}
    policies = {name: load()[name] for name in ("FW11", "GD4")}
    report = evaluate_plans(plans, configs=configs, policies=policies)
    assert {f.policy for f in report.blocking} == {"FW11", "GD4"}
    assert sum(f.policy == "GD4" for f in report.blocking) == 2


def test_every_weakening_of_the_desk_is_refused() -> None:
    (plan,) = ready([shipped.with_windows(TENANCY)])
    gate = GateDetector([plan], load(), today=today(), is_complete=False, configs=shipped.windows_configs())
    made = [one for one in mutants(gate.estate, [TENANCY]) if one.type in OF_DESK and one.name.startswith("desk-stats")]
    (refusals,) = gate.check_all(made).values()
    assert len(made) > 80
    assert [one.id for one in made if not refusals.get(one.id)] == []
