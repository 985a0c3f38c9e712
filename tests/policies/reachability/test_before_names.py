"""The flow analysis of an estate as it was before names were limited: it reports both open ways."""

from __future__ import annotations

import pytest

from policies.reachability.forbidden_flows import FlowKind, FlowReport, ForbiddenFlow, analyse_flows
from tests.policies.reachability.before_names import before_names
from tests.policies.reachability.sample_estates import TENANCY, estate, seen


@pytest.fixture(scope="module")
def before() -> FlowReport:
    """The flows of the estate before names were limited."""
    return analyse_flows(seen(before_names(estate(1))))


def _past_the_airlock(report: FlowReport) -> ForbiddenFlow:
    return next(f for f in report.flows if f.kind is FlowKind.PAST_AIRLOCK and f.source == TENANCY)


def test_sign_in_by_the_service_tag_was_open(before: FlowReport) -> None:
    flow = _past_the_airlock(before)
    assert flow.depth == 0
    assert flow.minimal_cut_sets
    steps = [step for path in flow.minimal_cut_sets.paths for step in path.steps]
    assert "at an address of AzureActiveDirectory" in steps
    assert "to the Internet through afw-wmsde-platform" in steps


def test_queries_to_azures_dns_server_were_open(before: FlowReport) -> None:
    flow = _past_the_airlock(before)
    assert flow.minimal_cut_sets
    steps = [step for path in flow.minimal_cut_sets.paths for step in path.steps]
    assert "or in the names of DNS queries to Azure's DNS server" in steps
