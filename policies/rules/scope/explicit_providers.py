"""Explicit providers differ from the default one in the subscription alone (SC3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import display
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.scopes import PROVIDER

RANDOM = "pulumi:providers:random"
ALLOWED = {
    "subscriptionId": "SC2 checks it",
    "version": "the plugin that the SDK asks for",
    "useDefaultAzureCredential": "the sign-in of the stack's default provider",
    "environment": "checked here",
    "__internal": "the engine's own",
}
"""The inputs of a provider that no other resource has to trust, with the reason."""


def check(provider: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse credentials, tenants, other clouds and other plugins. SC2 checks the subscription."""
    for key in sorted(provider.inputs.keys() - ALLOWED.keys()):
        if provider.at(key) is not MISSING:
            yield Violation(key, "is set on an explicit provider; only the subscription may differ from the stack's")
    if str(provider.inputs.get("environment", "public")).lower() != "public":
        yield Violation("environment", f"is {display(provider.at('environment'))}; it must be public")
    if internal := provider.inputs.get("__internal"):
        yield Violation("__internal", f"has {', '.join(sorted(internal))}, so the plugin may be another")


POLICY = Policy(
    id="SC3",
    title="Explicit providers differ from the default one in the subscription alone",
    why="A provider with its own credentials, tenant or plugin deploys elsewhere, with rights that nobody gave.",
    resource_types=(PROVIDER, RANDOM),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09"),
        ncsc=("3", "9"),
        caf=("B2.d", "B4.b"),
        iso27001=("5.15", "8.9"),
        five_safes=("settings",),
    ),
    fix="Use the stack's default provider, or an explicit one with subscription_id alone.",
    check=check,
    check_paths=("subscriptionId", "environment", "version", "useDefaultAzureCredential", "__internal"),
)
