"""Key vaults do not allow access by deployments, templates or the guest's disk encryption (KV7)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import equals_if_set

SETTINGS = ("enabledForDeployment", "enabledForTemplateDeployment", "enabledForDiskEncryption")


POLICY = Policy(
    id="KV7",
    title="Key vaults do not allow access by deployments, templates or the guest's disk encryption",
    why="With these settings a person who may deploy can read secrets that were never granted to them.",
    resource_types=("keyvault:Vault",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.8.05", "3.2.03"), ncsc=("9", "10"), caf=("B2.d",), iso27001=("5.15", "8.24"), five_safes=("people",)
    ),
    fix="Set enabledForDeployment, enabledForTemplateDeployment and enabledForDiskEncryption to false.",
    requires=tuple(equals_if_set(f"properties.{setting}", False) for setting in SETTINGS),
)
