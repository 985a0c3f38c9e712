"""A deployed hub and junction zone with providers of every kind, and the judgement of their resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from formats.addresses import ZoneName
from formats.stack_config import StackConfig
from policies.model import PolicyContext, Resource, Verdict
from policies.plan_resources import resources_of
from policies.rules import load
from policies.runner import evaluate
from tests.infra import samples
from tests.infra.local_stacks import LocalStacks

JUNCTION = "junction-zone"
ADDRESSES = samples.CELL.zone(ZoneName.JUNCTION).inbox_addresses()
RANGES, OTHERS = ("20.33.0.16/28", "20.33.1.4/32"), ("20.33.2.8/31",)
ENDPOINT = (
    "/subscriptions/5ca1ab1e-0000-4000-8000-000000000000/resourceGroups/rg-trust/providers/Microsoft.Network/"
    "privateEndpoints/pep-sde"
)
CONNECTION = "pep-sde.5ca1ab1e-0000-4000-8000-000000000001"
PROVIDERS: list[dict[str, Any]] = [
    {"code": "rrk", "name": "University Hospitals", "group": samples.group(20), "inbox": str(ADDRESSES[0]),
     "way_in": {"public_ranges": RANGES}},
    {"code": "m85001", "name": "A practice", "group": samples.group(21), "inbox": str(ADDRESSES[1]),
     "way_in": {"public_ranges": OTHERS}},
    {"code": "x26", "name": "A trust in Azure", "group": samples.group(25), "inbox": str(ADDRESSES[3]),
     "way_in": {"private_endpoint": {"endpoint": ENDPOINT, "connection": CONNECTION}}},
    {"code": "y01", "name": "A closed trust", "group": samples.group(22), "inbox": str(ADDRESSES[2]), "closed": True},
    {"code": "y02", "name": "A trust without a way in", "group": samples.group(23)},
    {"code": "y03", "name": "A closed trust with a container", "group": samples.group(24), "closed": True},
]  # fmt: skip


_TAGS = {"project": "sde", "request": "DPIA-1", "controller": "ics", "expiry": "2029-03-31", "organisation": "ics",
         "cost-centre": "1"}  # fmt: skip
HUB_TAGS, TAGS = (_TAGS | {"data-class": one} for one in ("de-identified", "identifiable"))


@cache
def configs() -> Mapping[str, StackConfig]:
    """Return the configuration of both stacks."""
    return {
        "platform": samples.platform(tags=HUB_TAGS),
        JUNCTION: samples.junction_zone(providers=PROVIDERS, tags=TAGS),
    }


@cache
def resources() -> tuple[Resource, ...]:
    """Return the resources of both stacks after their deployment."""
    with TemporaryDirectory() as folder:
        site = LocalStacks(Path(folder))
        stacks = [site.stack("platform", tags=HUB_TAGS), site.stack(JUNCTION, providers=PROVIDERS, tags=TAGS)]
        for stack in stacks:
            site.engine.up(stack)
        return tuple(r for plan in site.engine.current_state(stacks).values() for r in resources_of(plan))


def one(type_: str, name: str) -> Resource:
    """Return one resource of the junction zone by its logical name."""
    (found,) = [r for r in resources() if (r.stack, r.type, r.name) == (JUNCTION, type_, name)]
    return found


def having(resource: Resource, **inputs: Any) -> Resource:
    """Return a resource with other values of some properties."""
    return replace(resource, inputs={**resource.inputs, **inputs})


def seen(*changed: Resource, known: bool = True) -> PolicyContext:
    """Return the estate with some resources changed or added. `known`: the configuration of the stacks is known."""
    urns = {resource.urn for resource in changed}
    kept = [r for r in resources() if r.urn not in urns]
    return PolicyContext([*kept, *changed], is_complete=True, configs=configs() if known else {})


def refused(*changed: Resource, known: bool = True, only: str = "") -> set[str]:
    """Return the policies that refuse the estate, or the names of the resources that one of them refuses."""
    catalogue = {only: load()[only]} if only else load()
    findings = evaluate(seen(*changed, known=known), catalogue).findings
    return {f.name if only else f.policy for f in findings if f.verdict in (Verdict.FAIL, Verdict.UNKNOWN)}
