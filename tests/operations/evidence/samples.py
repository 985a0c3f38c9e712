"""Facts of the whole sample estate as it is deployed, and of the shipped stacks of one tenancy."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from formats.plan import Plan
from formats.stack_config import StackConfig
from operations import estate
from operations.engine.port import StackSettings
from operations.evidence.facts import Facts, FlowFacts, StackFact
from policies.model import PolicyContext
from policies.plan_evaluation import evaluate_plans
from policies.plan_resources import resources_of
from policies.reachability.certificate import certificate
from policies.reachability.forbidden_flows import analyse_flows
from policies.runner import Report
from tests.infra.local_stacks import LocalStacks
from tests.made_once import made_once
from tests.operations.estates import copy_whole
from tests.policies import shipped

MADE = datetime(2026, 11, 30, 18, 30, tzinfo=UTC)
Deployed = tuple[Mapping[str, Plan], Mapping[str, StackConfig]]


@cache
def whole_estate() -> Deployed:
    """Return the states and configurations of every stack of the sample estate."""
    made: Deployed = pickle.loads(made_once("whole-estate", _write).read_bytes())  # noqa: S301 - our own
    return made


def _write(file: Path) -> None:
    with TemporaryDirectory() as folder:
        site, files = LocalStacks(Path(folder)), Path(folder) / "estate"
        copy_whole(files)
        rendered = list(estate.render(estate.load(files)))
        stacks = [StackSettings(one.name, one.settings, site.folder / f"Pulumi.{one.name}.yaml") for one in rendered]
        for stack in stacks:
            site.engine.up(stack)
        deployed = dict(site.engine.current_state(stacks))
    file.write_bytes(pickle.dumps((deployed, {one.name: one.config for one in rendered})))


def report_of(plans: Collection[Plan], configs: Mapping[str, StackConfig]) -> Report:
    """Return the verdict of all policies on these stacks as a whole estate."""
    return evaluate_plans(list(plans), is_complete=True, configs=configs, day=MADE.date())


def facts_of(report: Report, configs: Mapping[str, StackConfig], flows: FlowFacts | None = None) -> Facts:
    """Return the facts of an estate of which every stack of the report is deployed."""
    stacks = tuple(StackFact(name, config, name in report.stacks) for name, config in configs.items())
    return Facts("West Mercia SDE", MADE, "0.1.0", stacks, report, flows)


@cache
def shipped_facts() -> Facts:
    """Return the facts of the shipped stacks of one tenancy, with their flows."""
    plans = [shipped.deployed(stack) for stack in shipped.STACKS]
    configs = {name: config for name, config in shipped.configs().items() if name in shipped.STACKS}
    context = PolicyContext([r for p in plans for r in resources_of(p)], is_complete=True, configs=configs)
    flows = analyse_flows(context, exhaustive=True)
    return facts_of(report_of(plans, configs), configs, FlowFacts(flows, certificate(flows, {})))


def without(facts: Facts, urns: Collection[str]) -> Facts:
    """Return the facts of an estate without some resources, and so without any verdict on them."""
    kept = tuple(one for one in facts.report.findings if one.urn not in urns)
    return replace(facts, report=replace(facts.report, findings=kept))
