"""KV3: no vault answers on the public network."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must, must_not_be_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(vault: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure's trusted services may pass: stores and disks fetch their keys so, and from no network of ours."""
    yield from must(vault, "properties.publicNetworkAccess", "Disabled", "SecuredByPerimeter", default="Enabled")
    yield from must(vault, "properties.networkAcls.defaultAction", "Deny", default="Allow")
    yield from must(vault, "properties.networkAcls.bypass", "AzureServices", "None", default="AzureServices, unsaid")
    yield from must_not_be_set(vault, "properties.networkAcls.ipRules", "addresses that pass the firewall")
    yield from must_not_be_set(
        vault, "properties.networkAcls.virtualNetworkRules", "subnets that pass the private endpoint"
    )


POLICY = Policy(
    id="KV3",
    title="Key vaults are closed to the public network, and deny every other",
    why="The keys to everything must not be where anybody with a stolen token can use them from anywhere.",
    on=("keyvault:Vault", "keyvault:ManagedHsm"),
    reads=("properties.publicNetworkAccess", "properties.networkAcls"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), cis=("8.3.7",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Set publicNetworkAccess to Disabled, networkAcls.defaultAction to Deny with no rules, and reach the vault "
    "through a private endpoint.",
    check=check,
    checkov=("CKV_AZURE_109", "CKV_AZURE_189"),
)
