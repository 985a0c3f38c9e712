"""API versions are stable, and not older than the policies know (SC5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.api_versions import defect_of
from policies.azure_semantics.properties import display
from policies.azure_semantics.resource_types import is_azure_type
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Compare the version with those of the SDK. Without one, the provider uses the SDK's."""
    version = resource.at("azureApiVersion")
    defect = defect_of(resource.type, str(version)) if version is not MISSING else None
    if defect:
        yield Violation("azureApiVersion", f"is {display(version)}, which {defect}")


POLICY = Policy(
    id="SC5",
    title="API versions are stable, and not older than the policies know",
    why="Another version may lack a property that a policy requires, or have others that no policy reads.",
    resource_types=("*",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.09", "2.4.04"), ncsc=("5",), caf=("B4.b",), iso27001=("8.9",), five_safes=("settings",)
    ),
    fix="Leave the version to the SDK.",
    check=check,
    check_paths=("azureApiVersion",),
    applies=lambda resource, _: is_azure_type(resource.type),
)
