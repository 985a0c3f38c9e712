"""A project's outbox: recipients outside read released results, and nothing else, from the ranges of the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from formats.stack_config import StackConfig
from operations.engine.port import StackSettings
from operations.estate import load as load_estate
from operations.estate import render
from policies.azure_semantics.role_assignments import ASSIGNMENT
from policies.model import PolicyContext, Resource, Verdict
from policies.plan_resources import resources_of
from policies.reachability.forbidden_flows import FlowKind, analyse_flows
from policies.rules import load
from policies.runner import evaluate
from tests.infra.local_stacks import LocalStacks
from tests.operations.estates import TODAY, add_request, change, sample
from tests.operations.test_ways_in import GROUPS, recipients

TENANCY, OTHER = "tre-hcm-progression", "tre-second-study"
ACCOUNT, OUTBOX = "storage:StorageAccount", "export-released"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


@cache
def deployed() -> tuple[tuple[Resource, ...], Mapping[str, StackConfig]]:
    """Return the resources and configurations of an estate with two projects, whose results the same people fetch."""
    with TemporaryDirectory() as folder:
        estate, site = sample(Path(folder)), LocalStacks(Path(folder) / "site")
        recipients(estate, ranges=["20.33.0.16/28", "20.33.1.4"])
        add_request(estate, OTHER.removeprefix("tre-"))
        change(estate / "requests/second-study.yaml", lambda d: d.update(recipients=_of_the_first(estate)))
        rendered = render(load_estate(estate, today=TODAY))
        stacks = [StackSettings(one.name, one.settings, site.folder / f"Pulumi.{one.name}.yaml") for one in rendered]
        for stack in stacks:
            site.engine.up(stack)
        found = tuple(r for plan in site.engine.current_state(stacks).values() for r in resources_of(plan))
        return found, {one.name: one.config for one in rendered}


def _of_the_first(estate: Path) -> Any:
    found: list[Any] = []
    change(estate / "requests/hcm-progression.yaml", lambda d: found.append(d["recipients"]))
    return found[0]


def one(type_: str, name: str, stack: str = TENANCY) -> Resource:
    (found,) = [r for r in deployed()[0] if (r.stack, r.type, r.name) == (stack, type_, name)]
    return found


def having(resource: Resource, **inputs: Any) -> Resource:
    return replace(resource, inputs={**resource.inputs, **inputs})


def grant(container: str, stack: str = TENANCY, who: str = GROUPS[2]) -> Resource:
    """Return one more role to read a container, for the recipients."""
    first = one(ASSIGNMENT, "export-released-outbox-reads")
    scope = one("storage:BlobContainer", container, stack).id
    changed = having(first, scope=scope, principalId=who)
    return replace(changed, urn=f"{first.urn}-more", name="more", id=f"{first.id}-more", stack=TENANCY)


def opened(name: str, *addresses: str) -> Resource:
    """Return a store with public network access from some addresses."""
    found = one(ACCOUNT, name)
    rules = [{"iPAddressOrRange": address, "action": "Allow"} for address in addresses]
    network = {**found.inputs["networkRuleSet"], "ipRules": rules}
    return having(found, publicNetworkAccess="Enabled", networkRuleSet=network,
                  tags={**found.inputs["tags"], "public-access": "a reason"})  # fmt: skip


def context(*changed: Resource, known: bool = True) -> PolicyContext:
    resources, configs = deployed()
    found = {r.urn: r for r in (*resources, *changed)}
    return PolicyContext(found.values(), is_complete=True, today=TODAY, configs=configs if known else {})


def refused(*changed: Resource, by: tuple[str, ...], known: bool = True) -> set[str]:
    """Return those of some policies that refuse the estate."""
    catalogue = {policy: load()[policy] for policy in by}
    findings = evaluate(context(*changed, known=known), catalogue, today=TODAY).findings
    return {f.policy for f in findings if f.verdict in (Verdict.FAIL, Verdict.UNKNOWN)}


def test_an_estate_with_recipients_passes_every_policy() -> None:
    assert refused(by=tuple(load())) == set()
    assert refused(by=("AL1", "ST1", "ST2", "GD4"), known=False) == set()


def test_recipients_change_no_other_store() -> None:
    tenancies = [r for r in deployed()[0] if r.stack.startswith("tre-")]
    public = {(r.stack, r.name) for r in tenancies if r.inputs.get("publicNetworkAccess") == "Enabled"}
    assert public == {(TENANCY, OUTBOX), (OTHER, OUTBOX)}


@pytest.mark.parametrize(("name", "addresses", "policies"), [
    (OUTBOX, ("20.33.0.16/28", "20.33.1.4", "20.33.9.9"), {"ST2"}),
    (OUTBOX, ("0.0.0.0/0",), {"ST2"}),
    ("export-asked", ("20.33.0.16/28",), {"ST1", "ST2"}),
    ("import-released", ("20.33.0.16/28",), {"ST1", "ST2"}),
    ("data", ("20.33.0.16/28",), {"ST1", "ST2"}),
])  # fmt: skip
def test_another_store_or_address_is_refused(name: str, addresses: tuple[str, ...], policies: set[str]) -> None:
    assert refused(opened(name, *addresses), by=("ST1", "ST2")) == policies


@pytest.mark.parametrize("container", ["export-asked-asked", "import-released-released", "data-project"])
def test_recipients_have_no_role_on_another_store(container: str) -> None:
    assert refused(grant(container), by=("IA8",))


@pytest.mark.parametrize("container", ["export-asked-asked", "import-released-released"])
def test_another_reader_of_a_closed_stage_is_refused_without_configuration(container: str) -> None:
    assert refused(grant(container), by=("AL1",), known=False)


def test_a_third_reader_of_an_outbox_is_refused() -> None:
    third = grant("export-released-released", who=GROUPS[7])
    assert refused(third, by=("AL1", "IA8")) == {"AL1", "IA8"}


def test_checkers_as_recipients_are_refused() -> None:
    checkers = deployed()[1][TENANCY].checkers  # type: ignore[attr-defined]
    first = one(ASSIGNMENT, "export-released-outbox-reads")
    assert refused(having(first, principalId=str(checkers)), by=("AL1",), known=False)


@pytest.mark.parametrize("kind", [FlowKind.PAST_AIRLOCK, FlowKind.BETWEEN_PROJECTS])
def test_three_controls_prevent_each_flow_with_recipients(kind: FlowKind) -> None:
    found = [flow for flow in analyse_flows(context()).flows if flow.kind is kind]
    assert {flow.source for flow in found} == {TENANCY, OTHER}
    assert all(flow.depth >= 3 for flow in found)


def test_recipients_who_read_pending_results_are_a_finding() -> None:
    flows = analyse_flows(context(grant("data-project"), opened("data", "20.33.0.16/28"))).flows
    assert min(flow.depth for flow in flows if flow.kind is FlowKind.PAST_AIRLOCK) < 3
