"""Defender plans are on, for the whole of their own subscription (MD1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import display, entries, require
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals, equals_if_set

SCOPE, EXTENSIONS = "scopeId", "extensions"
SUB_PLANS = ("P1", "P2", "DefenderForStorageV2", "PerKeyVault", "PerSubscription")
EXTENSION_NAMES = (
    "AgentlessDiscoveryForKubernetes",
    "AgentlessVmScanning",
    "ApiPosture",
    "ContainerRegistriesVulnerabilityAssessments",
    "ContainerSensor",
    "MdeDesignatedSubscription",
    "OnUploadMalwareScanning",
    "SensitiveDataDiscovery",
)
SETTINGS = {"CapGBPerMonthPerStorageAccount": None, "ExclusionTags": "[]"}
"""The settings that an extension may have, with the only permitted value; None: any."""


def check(plan: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require the plan's own subscription, and listed extensions that are on and exclude nothing."""
    if ids.plain(plan.at(SCOPE)).lstrip("/") != ids.subscription(ids.own(plan)).lstrip("/"):
        yield Violation(SCOPE, f"is {display(plan.at(SCOPE))}; it must be the whole of the stack's subscription")
    for extension in entries(plan, EXTENSIONS):
        yield from require(plan, f"{extension}.name", *EXTENSION_NAMES)
        yield from require(plan, f"{extension}.isEnabled", "True")
        settings = plan.at(f"{extension}.additionalExtensionProperties")
        for name, value in ({} if settings is MISSING else dict(settings)).items():
            if name not in SETTINGS or SETTINGS[name] not in (None, value):
                path = f"{extension}.additionalExtensionProperties.{name}"
                yield Violation(path, f"is {display(value)}, which may exclude resources or send findings elsewhere")


POLICY = Policy(
    id="MD1",
    title="Defender plans are on, for the whole of their own subscription",
    why="A plan in the tier Free detects no attack, and one for single machines leaves the others out (Microsoft "
    "Defender for Cloud, Pricings - Update).",
    resource_types=("security:Pricing",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.12", "2.7.01"),
        ncsc=("5", "13"),
        caf=("B4.c", "B4.d", "C1.c"),
        iso27001=("8.7", "8.8", "8.16"),
        five_safes=("settings",),
    ),
    fix="Set pricingTier to Standard, scopeId to the subscription, and list only extensions that are on.",
    requires=(
        equals("pricingTier", "Standard"),
        equals_if_set("enforce", "True"),
        equals_if_set("subPlan", *SUB_PLANS),
    ),
    check=check,
    check_paths=(
        SCOPE,
        f"{EXTENSIONS}[*].name",
        f"{EXTENSIONS}[*].isEnabled",
        *(f"{EXTENSIONS}[*].additionalExtensionProperties.{name}" for name in SETTINGS),
    ),
    checkov=("CKV_AZURE_19",),
)
