"""Every tenant that a resource names is the estate's (SC6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.azure_semantics.properties import display, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

TENANTS: Mapping[str, str] = {
    "dbforpostgresql:Server": "authConfig.tenantId",
    "keyvault:ManagedHsm": "properties.tenantId",
    "keyvault:Vault": "properties.tenantId",
    "sql:Server": "administrators.tenantId",
    "storage:StorageAccount": "networkRuleSet.resourceAccessRules[*].tenantId",
}
"""The property of each type that names the tenant of its users or of another resource."""


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare each tenant with the estate's. An estate in real Azure that states none has no permitted tenant."""
    home = context.configs[resource.stack].home_tenant
    path = TENANTS[resource.type]
    for found in resource.each(path):
        if home is None:
            yield Violation(path, f"is {display(found)}, and the estate states no tenant")
        elif not same(found, str(home)):
            yield Violation(path, f"is {display(found)}; the estate's tenant is {home}")


POLICY = Policy(
    id="SC6",
    title="Every tenant that a resource names is the estate's",
    why="A vault, server or network rule of another tenant trusts the accounts of that tenant, which nobody here "
    "reviews.",
    resource_types=tuple(TENANTS),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.03", "3.2.03"),
        ncsc=("9", "10"),
        caf=("B2.a", "B2.d"),
        cyber_essentials=("4.1",),
        iso27001=("5.15", "8.5"),
        five_safes=("people", "settings"),
    ),
    fix="Name the tenant of the deployment (authorization.get_client_config), and set `tenant` of estate.yaml to the "
    "one that `az account show --query tenantId` prints.",
    check=check,
    check_paths=tuple(f"{type_}:{path}" for type_, path in TENANTS.items()),
    applies=lambda resource, _: bool(resource.each(TENANTS[resource.type])),
    needs_config=True,
)
