"""Fixtures for components alone: a resource group scope and the placement of a private endpoint."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import pytest

from formats.stack_config import StackConfig
from infra.components.base_component import PrivateEndpointPlacement
from infra.components.key_vault import KeyVault, KeyVaultArgs
from infra.components.resource_group_scope import ResourceGroupScope, ResourceGroupScopeArgs
from infra.components.write_order import WriteOrder
from tests.infra import samples
from tests.infra.mock_stack import MockStack, run

LOGS = "/logs"


class DnsZones:
    """DNS zone ids for any zone name."""

    def zone_id(self, name: str) -> str:
        return f"/zones/{name}"


def placement(*addresses: str) -> PrivateEndpointPlacement:
    """Return the placement of a private endpoint in a network without other writes."""
    found = tuple(map(IPv4Address, addresses or ("10.0.0.4",)))
    return PrivateEndpointPlacement("/subnets/endpoints", DnsZones(), WriteOrder(), found)


Build = Callable[..., MockStack]


@pytest.fixture
def build() -> Build:
    """Return a function that declares components in a resource group of a tenancy's stack."""

    def built(declare: Callable[[ResourceGroupScope], Any], config: StackConfig | None = None) -> MockStack:
        def program() -> None:
            args = ResourceGroupScopeArgs(config=config or samples.tenancy(), purpose="project", log_workspace_id=LOGS)
            with ResourceGroupScope("project", args) as scope:
                declare(scope)

        return run(program, name="tre-hcm")

    return built


def key_vault(scope: ResourceGroupScope) -> KeyVault:
    """Return a key vault with the name `keys`."""
    return KeyVault("keys", KeyVaultArgs(scope=scope, endpoint=placement()))
