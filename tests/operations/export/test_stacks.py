"""The shipped stacks as ARM templates: every resource has its place, and its body is what Azure's models say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any

import pytest

from formats.arm.routes import route
from formats.plan import SECRET, Operation, Plan, PlannedResource
from formats.stack_config import StackConfig
from infra.stacks.programs import declare_stack
from operations.export.arm import template
from operations.export.request_models import model
from tests.infra import samples
from tests.infra.mock_stack import MockStack, Registration, run
from tests.operations.export.test_nesting import object_faults

SIGNATURE = "4dabf18193072939515e22adb298388d"
TEMPLATE_WORDS = ("type", "apiVersion", "name", "scope", "dependsOn", "metadata")


@cache
def world(name: str) -> MockStack:
    """One stack under Pulumi's mocks, with those that it refers to."""
    configs: dict[str, tuple[Callable[[], StackConfig], tuple[str, ...]]] = {
        "platform": (samples.platform, ()),
        "junction_zone": (samples.junction_zone, ("platform",)),
        "safe_haven": (samples.safe_haven, ("platform", "junction_zone")),
        "tenancy": (samples.tenancy, ("platform", "safe_haven")),
    }
    config, needs = configs[name]
    return run(lambda: declare_stack(config()), name=name, **{need: world(need).outputs for need in needs})


def on_the_wire(value: Any) -> Any:
    if isinstance(value, Mapping):
        return SECRET if SIGNATURE in value else {key: on_the_wire(item) for key, item in value.items()}
    if isinstance(value, list):
        return [on_the_wire(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def planned(one: Registration) -> PlannedResource:
    return PlannedResource(
        one.urn,
        one.type,
        Operation.CREATE,
        custom=one.type.startswith(("azure-native:", "random:", "pulumi:")),
        parent=one.parent or None,
        inputs=on_the_wire(one.inputs),
        dependencies=tuple(sorted(one.depends_on)),
    )


@pytest.mark.parametrize("name", ["platform", "junction_zone", "safe_haven", "tenancy"])
def test_every_resource_of_a_stack_is_in_its_template_as_azures_models_have_it(name: str) -> None:
    asked = world(name).registrations
    resources = template(Plan("sde", name, "local", tuple(planned(one) for one in asked)))["resources"]
    assert len(resources) == sum(one.type.startswith("azure-native:") for one in asked) > 20
    types = {one.urn: one.type for one in asked}
    for resource in resources:
        way = route(types[resource["metadata"]["urn"]])
        body = {key: value for key, value in resource.items() if key not in TEMPLATE_WORDS}
        assert list(object_faults(body, model(way.package, way.model), resource["metadata"]["urn"])) == []
