"""Analyses of one estate are shared, and only where they answer what is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from policies.estate_view import EstateView
from policies.model import PolicyContext
from policies.reachability import flow_cache
from policies.reachability.control_sets import MAX_CONTROLS, Control, ControlKind
from policies.reachability.cut_sets import MinimalCutSets, Path
from policies.reachability.flow_cache import MAX_ESTATES, FlowCache, content_digest
from policies.reachability.forbidden_flows import FlowKind, FlowReport, ForbiddenFlow
from tests.policies.reachability.sample_estates import TENANCY, changed, estate, named, seen

TODAY = date(2026, 11, 22)
MEMBERS = {"staff": frozenset(["project"])}


def _flow(*controls: str) -> ForbiddenFlow:
    found = frozenset(Control(ControlKind.ROUTE, one, one) for one in controls)
    cut_sets = MinimalCutSets(len(controls), (Path(found, (), "the end"),))
    return ForbiddenFlow(FlowKind.PAST_AIRLOCK, TENANCY, "urn", frozenset([TENANCY]), cut_sets)


def _analysed(cache: FlowCache, monkeypatch: pytest.MonkeyPatch, context: PolicyContext, report: FlowReport) -> None:
    monkeypatch.setattr(flow_cache, "analyse_flows", lambda _: report)
    assert cache.analyse(context) is report


def test_only_an_analysis_without_a_finding_or_an_unknown_property_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache, context = FlowCache(), PolicyContext([])
    for report in (FlowReport((_flow("a", "b"),), ()), FlowReport((_flow("a", "b", "c"),), ("routes are not known",))):
        _analysed(cache, monkeypatch, context, report)
        assert cache.prevented(context) is None
    _analysed(cache, monkeypatch, context, FlowReport((_flow("a", "b", "c"),), ()))
    found = cache.prevented(context)
    assert found
    assert [(flow.subject, flow.depth, flow.is_finding) for flow in found.flows] == [("urn", MAX_CONTROLS + 1, False)]


def test_an_estate_without_a_finding_is_analysed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = [FlowReport((_flow("a"),), ()), FlowReport((_flow("a", "b", "c"),), ())]
    monkeypatch.setattr(flow_cache, "analyse_view", lambda *_: reports.pop(0))
    cache, view = FlowCache(), EstateView([])
    assert [cache.findings(view).blocks for _ in range(3)] == [True, False, False]


def test_only_the_last_estates_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = FlowCache()
    contexts = [PolicyContext([], members={str(number): frozenset()}) for number in range(MAX_ESTATES + 1)]
    for context in contexts:
        _analysed(cache, monkeypatch, context, FlowReport((), ()))
    assert [cache.prevented(context) is None for context in contexts] == [True, *[False] * MAX_ESTATES]


def test_the_digest_has_all_that_the_analysis_can_read() -> None:
    resources = estate(1)
    desks = str(named(resources, TENANCY, "network:NetworkSecurityGroup", "net-desks").id).lower()
    key = next(r for r in resources if r.type == "keyvault:Key")
    contexts = {
        "the estate": seen(resources),
        "a property": seen(changed(resources, desks, securityRules=[])),
        "a resource less": seen([r for r in resources if r is not key]),
        "an id": seen([replace(r, id=None) if r is key else r for r in resources]),
        "a template": seen([replace(r, from_program=False) if r.stack == TENANCY else r for r in resources]),
        "members": PolicyContext(resources, is_complete=True, members=MEMBERS),
        "another day": PolicyContext(resources, is_complete=True, members=MEMBERS, today=TODAY),
        "a part": PolicyContext(resources, members=MEMBERS, today=TODAY),
    }
    digests = {what: content_digest(context) for what, context in contexts.items()}
    assert len(set(digests.values())) == len(digests), digests
    assert content_digest(seen(resources[::-1])) == digests["the estate"]
    assert content_digest(seen(changed(resources, desks, tags={"no": "flow"}))) == digests["the estate"]
