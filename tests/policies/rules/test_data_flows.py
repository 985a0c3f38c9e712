"""The policies on flows: at least three controls prevent each forbidden flow of the whole estate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from policies.exemptions import NONE, Exemptions, short_name
from policies.exemptions import Exemption as Granted
from policies.model import Finding, PolicyContext, Resource, Verdict
from policies.reachability.forbidden_flows import FlowKind
from policies.rule_helpers.flow_findings import POLICIES, finding_of, flow_report
from policies.rules import load
from policies.runner import evaluate
from tests.people import ADA, ELSIE, MARY
from tests.policies.reachability.sample_estates import TENANCY, changed, estate, grant, named, seen

TODAY = date(2026, 11, 22)
RESEARCHERS, OWNER = "db7a0118-c48f-5463-aec7-50d383efab17", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
FLOWS = {id_: policy for id_, policy in load().items() if id_ in POLICIES.values()}


def _findings(
    resources: Sequence[Resource], *, is_complete: bool = True, exemptions: Exemptions = NONE
) -> list[Finding]:
    report = evaluate(PolicyContext(resources, is_complete=is_complete, today=TODAY), FLOWS, exemptions=exemptions)
    return list(report.findings)


def _opened() -> list[Resource]:
    """Return the estate with an owner too many on the warehouse."""
    resources = list(estate(1))
    scope = str(named(resources, "safe-haven", "resources:ResourceGroup", "warehouse").id)
    return [*resources, grant(RESEARCHERS, OWNER, scope)]


def test_each_kind_of_flow_has_its_own_policy() -> None:
    assert set(POLICIES) == set(FlowKind)
    assert len(FLOWS) == len(FlowKind)


def test_the_gate_s_findings_are_those_of_the_analysis() -> None:
    said = {(f.policy, f.urn): f.verdict for f in _findings(estate(2)) if f.verdict is not Verdict.NOT_APPLICABLE}
    flows = flow_report(seen(estate(2))).flows
    expected = {(POLICIES[f.kind], f.subject): Verdict.FAIL if f.is_finding else Verdict.PASS for f in flows}
    assert said == expected


def test_flows_are_not_applicable_to_templates() -> None:
    """A template does not identify the principals of role assignments."""
    case_name = [replace(resource, from_program=resource.stack != "safe-haven") for resource in _opened()]
    assert {finding.verdict for finding in _findings(case_name)} <= {Verdict.NOT_APPLICABLE}


def test_a_possible_flow_is_a_finding_on_the_data_s_group() -> None:
    failed = [f for f in _findings(_opened()) if f.policy == "FL1" and f.verdict is Verdict.FAIL]
    message = next(f.message for f in failed if (f.stack, f.type, f.name) == ("safe-haven", "resources:ResourceGroup",
                                                                             "warehouse"))  # fmt: skip
    assert message.startswith("no control prevents it")


def test_flows_are_not_applicable_to_part_of_an_estate() -> None:
    verdicts = {f.verdict for f in _findings(_opened(), is_complete=False)}
    assert verdicts == {Verdict.NOT_APPLICABLE}


def test_flows_are_not_applicable_without_data() -> None:
    bare = [r for r in estate(1) if r.stack == "platform"]
    assert {f.verdict for f in _findings(bare)} == {Verdict.NOT_APPLICABLE}


def test_an_unknown_property_makes_the_verdict_unknown() -> None:
    desks = str(named(estate(1), TENANCY, "network:NetworkSecurityGroup", "net-desks").id).lower()
    unknown = changed(estate(1), desks, securityRules="04da6b54-80e4-46f7-96ec-b56ff0331ba9")
    said = {f.policy for f in _findings(unknown) if f.verdict is Verdict.UNKNOWN}
    assert said == {"FL1", "FL2", "FL4"}, "with one project there is none between projects"


@pytest.mark.parametrize("place", ["urn", "short_name"])
def test_an_exemption_applies_to_one_flow(place: str) -> None:
    resources = _opened()
    flow = next(f for f in flow_report(seen(resources)).flows if f.source == "warehouse")
    found = finding_of(flow, seen(resources))
    exemption = Granted(
        id="odd", policy="FL1", resource=found.urn if place == "urn" else short_name(found),
        owner=ADA, approver=MARY, second_approver=ELSIE, reason="It is looked into by those who must.", granted=TODAY,
        compensating_control="Somebody watches all that is read.", expires=TODAY + timedelta(days=9),
    )  # fmt: skip
    said = {f.name: f.verdict for f in _findings(resources, exemptions=Exemptions((exemption,))) if f.policy == "FL1"
            and f.type == "resources:ResourceGroup" and f.stack == "safe-haven"}  # fmt: skip
    assert said["warehouse"] is Verdict.EXEMPT
    assert Verdict.EXEMPT not in {v for name, v in said.items() if name != "warehouse"}
