"""A service names no administrator of its own that the estate does not name (IA10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.azure_semantics.properties import display
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

HOLDERS: Mapping[str, tuple[str, ...]] = {
    "keyvault:AccessPolicy": ("policy.objectId",),
    "keyvault:Vault": ("properties.accessPolicies[*].objectId",),
    "machinelearningservices:Compute": ("properties.properties.personalComputeInstanceSettings.assignedUser.objectId",),
    "sql:Server": ("administrators.sid",),
    "synapse:Workspace": ("cspWorkspaceAdminProperties.initialWorkspaceAdminObjectId",),
}
"""The property of each type that gives a principal rights without a role assignment."""


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse every principal: no right in the estate is of this kind."""
    for path in HOLDERS[resource.type]:
        for holder in resource.each(path):
            yield Violation(path, f"is {display(holder)}, which the estate names for no right of this kind")


POLICY = Policy(
    id="IA10",
    title="A service names no administrator of its own that the estate does not name",
    why="A principal that a service names itself has rights that no role assignment shows.",
    resource_types=tuple(HOLDERS),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.03", "3.2.03"),
        ncsc=("9", "12"),
        caf=("B2.c", "B2.d"),
        cyber_essentials=("4.1",),
        iso27001=("5.15", "8.2"),
        five_safes=("people",),
    ),
    fix="Assign a role of Azure RBAC that the estate names, or leave the property out.",
    check=check,
    check_paths=tuple(path for paths in HOLDERS.values() for path in paths),
    needs_config=True,
)
