"""The conventions of all components: type tokens, arguments and options."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from typing import Any, get_type_hints

import pulumi
import pytest

from infra import components
from infra.components.base_component import BaseComponent, ComponentArgs
from infra.components.policy_guardrails import PolicyGuardrails, PolicyGuardrailsArgs
from infra.components.public_ip_address import PublicIpAddress
from infra.components.resource_group_scope import ResourceGroupScope, ResourceGroupScopeArgs
from infra.guardrails import SPOKE_GUARDRAILS
from tests.infra import samples
from tests.infra.components.conftest import Build
from tests.infra.mock_stack import run

TYPE_TOKENS = {
    "ActivityLog": "sde:infra:ActivityLog",
    "Airlock": "sde:infra:Airlock",
    "Bastion": "sde:infra:Bastion",
    "BlobStorageAccount": "sde:infra:BlobStorageAccount",
    "ContainerRegistry": "sde:infra:ContainerRegistry",
    "Desk": "sde:infra:Desk",
    "DiskEncryptionSet": "sde:infra:DiskEncryptionSet",
    "DnsSecurityPolicy": "sde:infra:DnsSecurityPolicy",
    "Firewall": "sde:infra:Firewall",
    "FlowLog": "sde:infra:FlowLog",
    "FlowLogStorage": "sde:infra:FlowLogStorage",
    "ForcedTunnelRouteTable": "sde:infra:ForcedTunnelRouteTable",
    "GatewayRouteTable": "sde:infra:GatewayRouteTable",
    "Hub": "sde:infra:Hub",
    "Inbox": "sde:infra:Inbox",
    "KeyVault": "sde:infra:KeyVault",
    "LogAnalyticsWorkspace": "sde:infra:LogAnalyticsWorkspace",
    "MalwareScan": "sde:infra:MalwareScan",
    "NetworkSecurityGroup": "sde:infra:NetworkSecurityGroup",
    "PolicyGuardrails": "sde:infra:PolicyGuardrails",
    "PrivateDnsZones": "sde:infra:PrivateDnsZones",
    "ProjectSubnets": "sde:infra:ProjectSubnets",
    "PublicIpAddress": "sde:infra:PublicIpAddress",
    "ResourceGroupScope": "sde:infra:ResourceGroupScope",
    "SiteGateway": "sde:infra:SiteGateway",
    "SpokeNetwork": "sde:infra:SpokeNetwork",
    "SubscriptionGuardrails": "sde:infra:SubscriptionGuardrails",
    "VirtualNetwork": "sde:infra:VirtualNetwork",
    "Zone": "sde:infra:Zone",
}
"""Type tokens are part of the URNs of all resources: once deployed, a change here needs an alias."""


def _components() -> dict[str, type[Any]]:
    modules = [importlib.import_module(f"{components.__name__}.{module.name}")
               for module in pkgutil.iter_modules(components.__path__)]  # fmt: skip
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, pulumi.ComponentResource) and value is not BaseComponent
    }


def test_the_type_token_of_every_component_is_on_record() -> None:
    assert {name: component.TYPE for name, component in _components().items()} == TYPE_TOKENS


@pytest.mark.parametrize("component", _components().values(), ids=lambda component: component.__name__)
def test_a_component_takes_name_args_and_optional_opts(component: type[Any]) -> None:
    parameters = inspect.signature(component).parameters
    assert list(parameters) == ["name", "args", "opts"]
    assert parameters["opts"].default is None
    args = get_type_hints(component.__init__)["args"]
    assert dataclasses.is_dataclass(args)
    assert args.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_the_scope_is_the_default_parent_and_opts_replace_it(build: Build) -> None:
    parents: dict[str, Any] = {}

    def declare(scope: ResourceGroupScope) -> None:
        args = ComponentArgs(scope=scope)
        PublicIpAddress("default", args)
        other = PublicIpAddress("other", args)
        PublicIpAddress("child", args, pulumi.ResourceOptions(parent=other))

    for one in build(declare).registrations:
        parents[one.name] = one.parent if one.type == PublicIpAddress.TYPE else parents.get(one.name)
    assert parents["default"].endswith("::project")
    assert parents["child"].endswith("::other")


@pytest.mark.parametrize("type_", [ResourceGroupScope.TYPE, PolicyGuardrails.TYPE])
def test_components_outside_a_resource_group_pass_opts_on(type_: str) -> None:
    def program() -> None:
        first = pulumi.ComponentResource("test:index:First", "first")
        opts = pulumi.ResourceOptions(parent=first)
        config = samples.tenancy()
        ResourceGroupScope("project", ResourceGroupScopeArgs(config=config, purpose="project"), opts)
        PolicyGuardrails("guards", PolicyGuardrailsArgs(config=config, guardrails=SPOKE_GUARDRAILS), opts)

    (component,) = [one for one in run(program, name="tre-hcm").registrations if one.type == type_]
    assert component.parent.endswith("::first")
