"""Every tenant that a resource names is the estate's (SC6)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from formats.local_cloud import TENANT
from formats.plan import UNKNOWN
from formats.stack_config import Cloud
from policies.model import Resource
from tests.policies import shipped
from tests.policies.rules.shipped_cases import blocking, having, one, without_configs

OTHER = "7e4a0000-0000-4000-8000-000000000001"
TENANCY = "tre-hcm-progression"
RULE = "networkRuleSet.resourceAccessRules"


def vault(tenant: object) -> Resource:
    return having(one(TENANCY, "keyvault:Vault", "keys"), "properties.tenantId", tenant)


def test_the_shipped_estate_names_its_own_tenant() -> None:
    assert blocking("SC6") == []


@pytest.mark.parametrize("tenant", [OTHER, UNKNOWN, "common"])
def test_another_tenant_is_refused(tenant: str) -> None:
    account = one(TENANCY, "storage:StorageAccount", "import-asked")
    rules = having(account, RULE, [{"tenantId": tenant, "resourceId": "/subscriptions/x"}])
    assert {f.name for f in blocking("SC6", vault(tenant), rules)} == {"keys", "import-asked"}


def test_the_tenant_is_compared_without_regard_to_case() -> None:
    assert blocking("SC6", vault(TENANT.upper())) == []


def configured(**changes: Any) -> Any:
    config = shipped.configs()[TENANCY].model_copy(update=changes)
    return {**shipped.configs(), TENANCY: config}


def test_the_estates_own_tenant_decides() -> None:
    configs = configured(tenant=UUID(OTHER))
    assert "keys" in {f.name for f in blocking("SC6", configs=configs)}
    assert "keys" not in {f.name for f in blocking("SC6", vault(OTHER), configs=configs) if f.stack == TENANCY}


@pytest.mark.parametrize(("cloud", "is_refused"), [(Cloud.AZURE, True), (Cloud.LOCAL, False)])
def test_an_estate_in_azure_states_its_tenant(cloud: Cloud, is_refused: bool) -> None:
    assert bool(blocking("SC6", configs=configured(tenant=None, cloud=cloud))) is is_refused


def test_a_stack_without_configuration_is_not_compared() -> None:
    assert {text.partition(":")[0] for text in without_configs("SC6", vault(OTHER))} == {"not-applicable"}
