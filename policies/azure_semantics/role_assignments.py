"""Role assignments: the principal and the role of each, for the policies and the flow analysis.

Resource types: learn.microsoft.com, "Azure role assignments", "Eligible and time-bound role assignments".
"""

from __future__ import annotations

from dataclasses import dataclass

from policies.azure_semantics import ids
from policies.azure_semantics.properties import lower_text
from policies.model import MISSING, Resource, Unknown

ASSIGNMENT = "authorization:RoleAssignment"
ASSIGNMENTS = (ASSIGNMENT, "authorization:PimRoleEligibilitySchedule")
"""Types that grant a role: active, or eligible (activated on request by Privileged Identity Management)."""


def assignment_paths(*properties: str) -> tuple[str, ...]:
    """Return the paths of properties of role assignments, for a policy that reads them of every type of grant."""
    return tuple(f"{type_}:{property_}" for type_ in ASSIGNMENTS for property_ in properties)


@dataclass(frozen=True)
class Principal:
    """A holder of a role."""

    id: str
    """The Entra object id in lower case; empty where it is unknown before the deployment."""
    source_urns: tuple[str, ...] = ()
    """The URNs of the resources that the `principalId` input depends on."""

    def same_as(self, other: Principal) -> bool:
        """Return True if both are one principal. Raise `Unknown` if that cannot be decided yet.

        An unknown id belongs to a principal that this deployment creates. It therefore differs from every known id.
        A resource has one principal.
        """
        if self.id and other.id:
            return self.id == other.id
        if not (self.id or self.source_urns) or not (other.id or other.source_urns):
            raise Unknown("principalId")
        return not self.id and not other.id and self.source_urns == other.source_urns


def principal_of(assignment: Resource) -> Principal:
    """Return the principal of an assignment. Its `id` is empty if the same deployment creates it."""
    source_urns = tuple(sorted(assignment.property_dependencies.get("principalId", ())))
    try:
        return Principal(lower_text(assignment, "principalId"), source_urns)
    except Unknown:
        return Principal("", source_urns)


def role_of(assignment: Resource) -> str:
    """Return the GUID of the assigned role in lower case; empty if it is not set. Raise `Unknown` if it is unknown."""
    value = assignment.at("roleDefinitionId")
    return "" if value is MISSING else ids.name(value)
