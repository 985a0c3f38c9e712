"""Helpers for tests of rules on the shipped estate: its resources with some changed, compared with its files."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from formats.property_paths import parse
from formats.stack_config import StackConfig
from policies.model import NO_CONFIGS, Finding, PolicyContext, Resource
from policies.plan_resources import resources_of
from policies.rules import load
from policies.runner import evaluate
from tests.policies import shipped
from tests.policies.rules.cases import GONE, TODAY

STRANGER = "5ca1ab1e-0000-4000-8000-000000000000"
"""The object id of a group that no file names."""
PIM = "authorization:PimRoleEligibilitySchedule"


@cache
def resources() -> tuple[Resource, ...]:
    """Return the resources of all shipped stacks after their deployment."""
    return tuple(r for stack in shipped.STACKS for r in resources_of(shipped.after(stack)))


def one(stack: str, type_: str, name: str) -> Resource:
    """Return a shipped resource."""
    return next(r for r in resources() if (r.stack, r.type, r.name) == (stack, type_, name))


def having(resource: Resource, path: str, value: object) -> Resource:
    """Return a resource with one property set or removed."""
    inputs: Any = copy.deepcopy(dict(resource.inputs))
    *steps, last = parse(path)
    inner = inputs
    for step in steps:
        inner = inner[step] if isinstance(inner, list) else inner.setdefault(str(step), {})
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return replace(resource, inputs=inputs)


def copied(resource: Resource, **inputs: object) -> Resource:
    """Return a second resource like this one, with some other properties."""
    urn, id_ = f"{resource.urn}-copy", f"{resource.id}-copy"
    return replace(resource, urn=urn, name=f"{resource.name}-copy", id=id_, inputs={**resource.inputs, **inputs})


def blocking(
    policy: str, *changed: Resource, configs: Mapping[str, StackConfig] | None = None, is_complete: bool = True
) -> list[Finding]:
    """Return the blocking findings of a policy on the shipped estate with some resources changed or added."""
    context = PolicyContext(
        {r.urn: r for r in [*resources(), *changed]}.values(),
        is_complete=is_complete,
        today=TODAY,
        configs=shipped.configs() if configs is None else configs,
    )
    return [f for f in evaluate(context, {policy: load()[policy]}, today=TODAY).findings if f.verdict.blocks]


def without_configs(policy: str, *changed: Resource) -> set[str]:
    """Return the verdicts and messages of a policy on resources whose stacks no estate names."""
    found = evaluate(
        PolicyContext(changed, today=TODAY, configs=NO_CONFIGS), {policy: load()[policy]}, today=TODAY
    ).findings
    return {f"{f.verdict}: {f.message}" for f in found}


def names(findings: Iterable[Finding]) -> set[str]:
    """Return the names of the resources with findings."""
    return {finding.name for finding in findings}
