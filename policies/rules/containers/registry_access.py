"""CR1: a registry is closed, and gives images to nobody outside."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import may, must, must_not_be_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

EXPORT = "policies.exportPolicy.status"


def check(registry: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Only the Premium tier can be closed at all."""
    yield from must(registry, "sku.name", "Premium", default="nothing: it has no default")
    yield from must(registry, "publicNetworkAccess", "Disabled", default="Enabled")
    yield from must(registry, "adminUserEnabled", False, default="what Azure had it at before")
    yield from may(registry, "anonymousPullEnabled", False)
    yield from must(registry, EXPORT, "disabled", default="enabled")
    yield from must_not_be_set(registry, "networkRuleSet.ipRules", "addresses that pass the firewall")


POLICY = Policy(
    id="CR1",
    title="Container registries are closed, without admin user or anonymous reading, and export nothing",
    why="An image is a parcel: whoever pushes one in and pulls or exports it has moved data past the airlock.",
    on=("containerregistry:Registry",),
    reads=("sku.name", "publicNetworkAccess", "adminUserEnabled", "anonymousPullEnabled", EXPORT,
           "networkRuleSet.ipRules"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.13", "2.2.09", "3.1.12", "3.2.01"), ncsc=("8", "11"), iso27001=("8.12",), five_safes=("outputs",)
    ),
    fix="Use the Premium tier with publicNetworkAccess Disabled, adminUserEnabled false and exportPolicy disabled.",
    check=check,
    checkov=("CKV_AZURE_137", "CKV_AZURE_138", "CKV_AZURE_139"),
)  # fmt: skip
