"""A claim is met only by evidence that is there: each is taken away in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from operations.evidence.claims import NOTHING, Claim, Claims, Outcome
from operations.evidence.facts import Facts, StackFact
from operations.evidence.required import required
from operations.evidence.standards import control_named, every_control
from operations.reports.matrix import OUTCOMES, Matrix
from policies.model import Verdict
from policies.runner import NEEDS_CONFIG
from tests.operations.evidence import samples
from tests.operations.reports.samples import granted
from tests.policies import shipped


@cache
def claims() -> Mapping[str, Claim]:
    """Return every claim on the shipped stacks."""
    return {one.control.name: one for one in Claims(samples.shipped_facts()).of(every_control())}


def outcome(facts: Facts, control: str) -> tuple[Outcome, str]:
    """Return the outcome of a claim with its reasons."""
    (found,) = Claims(facts).of([control_named(control)])
    return found.outcome, "; ".join(found.reasons)


def test_nothing_is_met_without_a_verdict_and_what_no_policy_is_about_is_said_to_be_so() -> None:
    for one in claims().values():
        assert (one.outcome is Outcome.NOT_JUDGED) is (not one.evidence)
        assert one.judged > 0 or one.outcome in (Outcome.NOT_MET, Outcome.NOT_JUDGED)
        assert bool(one.reasons) is (one.outcome in (Outcome.NOT_MET, Outcome.NOT_JUDGED))
    assert {one.outcome for one in claims().values()} == {Outcome.MET, Outcome.NOT_MET, Outcome.NOT_JUDGED}
    assert claims()["SATRE:2.7.01"].reasons == (NOTHING,)  # nothing of Defender is deployed
    assert claims()["SATRE:1.1.01"].outcome is Outcome.NOT_JUDGED


def test_each_evidence_of_each_control_is_missed_when_it_is_taken_away() -> None:
    """Of every policy, all that it judged in one stack; and of every control, all that its policies judged."""
    facts = samples.shipped_facts()
    met = {name: one for name, one in claims().items() if one.outcome is Outcome.MET}
    assert len(met) > 120
    seen: dict[str, dict[str, set[str]]] = {}
    for finding in facts.report.findings:
        if finding.verdict is not Verdict.NOT_APPLICABLE:
            seen.setdefault(finding.policy, {}).setdefault(finding.stack, set()).add(finding.urn)
    for policy, stack, urns in ((policy, *one) for policy, stacks in seen.items() for one in stacks.items()):
        concerned = [one.control for one in met.values() if any(e.policy.id == policy for e in one.evidence)]
        for left in Claims(samples.without(facts, urns)).of(concerned):
            assert left.outcome is Outcome.NOT_MET, (policy, left.control.name)
            assert any(f"{policy} judged nothing in" in why and stack in why for why in left.reasons), left.reasons
    everything = samples.without(facts, {one.urn for one in facts.report.findings})
    assert {one.outcome for one in Claims(everything).of([one.control for one in met.values()])} == {Outcome.NOT_MET}


@pytest.mark.parametrize(
    ("type_end", "control"),
    [("operationalinsights:Workspace", "SATRE:2.5.03"), (":BlobContainer", "SATRE:3.1.05"),
     (":FirewallPolicyRuleCollectionGroup", "CE:1.4"), (":VirtualMachine", "CAF:B4.d")],
)  # fmt: skip
def test_a_state_without_a_kind_of_resource_is_evaluated_as_it_is(type_end: str, control: str) -> None:
    facts, plans = samples.shipped_facts(), []
    for stack in shipped.STACKS:
        plan = shipped.deployed(stack)
        plans.append(replace(plan, resources=tuple(r for r in plan.resources if not r.type.endswith(type_end))))
    asked = control_named(control)
    report = samples.report_of(plans, facts.configs)
    assert claims()[asked.name].outcome is Outcome.MET
    assert outcome(replace(facts, report=report), control)[0] is Outcome.NOT_MET


def test_a_stack_that_is_not_deployed_is_missing_unless_it_is_not_due() -> None:
    facts = samples.shipped_facts()
    report = samples.report_of([shipped.deployed(name) for name in shipped.STACKS[:3]], facts.configs)

    def without_tenancy(*, is_due: bool) -> Facts:
        gone = StackFact("tre-hcm-progression", shipped.configs()["tre-hcm-progression"], False, is_due)
        return replace(facts, report=report, stacks=(*facts.stacks[:3], gone))

    assert outcome(without_tenancy(is_due=True), "SATRE:2.8.01") == (
        Outcome.NOT_MET, "tre-hcm-progression is not deployed"
    )  # fmt: skip
    assert outcome(without_tenancy(is_due=False), "SATRE:2.8.01") == (Outcome.MET, "")


def test_failures_unknown_values_and_exemptions_are_in_the_outcome() -> None:
    facts = samples.shipped_facts()
    index, first = next((i, one) for i, one in enumerate(facts.report.findings)
                        if one.policy == "ST1" and one.verdict is Verdict.PASS)  # fmt: skip

    def with_verdict(verdict: Verdict, **more: object) -> Facts:
        findings = list(facts.report.findings)
        findings[index] = replace(first, verdict=verdict)
        return replace(facts, report=replace(facts.report, findings=tuple(findings), **more))

    control = f"SATRE:{facts.report.policies['ST1'].controls.satre[0]}"
    assert outcome(with_verdict(Verdict.FAIL), control) == (Outcome.NOT_MET, "ST1 fails for 1 resource")
    assert outcome(with_verdict(Verdict.UNKNOWN), control) == (Outcome.NOT_MET, "ST1 is unknown for 1 resource")
    exempt = with_verdict(Verdict.EXEMPT, exemptions=(granted().valid[0].model_copy(update={"policy": "ST1"}),))
    assert outcome(exempt, control) == (Outcome.WITH_EXEMPTIONS, "")


def test_what_cannot_be_compared_or_does_not_follow_from_the_ledger_is_not_met() -> None:
    facts = samples.shipped_facts()
    orphan = tuple(
        replace(one, verdict=Verdict.NOT_APPLICABLE, message=NEEDS_CONFIG)
        if one.stack == "junction-zone" and facts.report.policies[one.policy].needs_config else one
        for one in facts.report.findings
    )  # fmt: skip
    asked = next(p for p in facts.report.policies.values() if p.needs_config and p.id in
                 required(facts.configs["junction-zone"], facts.configs))  # fmt: skip
    control = f"SATRE:{asked.controls.satre[0]}"
    unread = outcome(replace(facts, report=replace(facts.report, findings=orphan)), control)
    assert unread[0] is Outcome.NOT_MET
    assert f"{asked.id} could not be judged in junction-zone" in unread[1]
    changed = replace(facts, state_problems={"platform": "it was changed without an entry"})
    assert outcome(changed, "SATRE:2.2.11") == (
        Outcome.NOT_MET, "the evidence of platform is not certain: it was changed without an entry"
    )  # fmt: skip


def test_a_catalogue_without_a_policy_that_is_evidence_meets_nothing() -> None:
    facts = samples.shipped_facts()
    policies = {id_: one for id_, one in facts.report.policies.items() if id_ != "ST1"}
    left = Claims(replace(facts, report=replace(facts.report, policies=policies))).of(every_control())
    assert {one.outcome for one in left} == {Outcome.NOT_MET, Outcome.NOT_JUDGED}
    assert all("the catalogue lacks ST1" in one.reasons[-1] for one in left)


def test_the_matrix_says_holds_only_of_what_was_judged_and_how_much_of_it_was_not() -> None:
    matrix = Matrix(samples.shipped_facts().report)
    for chapter in matrix.chapters:
        for control in chapter.controls:
            judged = sum(one.resources for one in control.evidence)
            assert (OUTCOMES[control.outcome] == "nothing was judged") is (judged == 0)
            silent = sum(not one.resources for one in control.evidence)
            assert bool(control.remark) is (0 < silent < len(control.evidence))
