"""Role assignments: who is given which role, as rules and the flow analysis both read it.

Source of the types: learn.microsoft.com, "Azure role assignments", "Eligible and time-bound role assignments".
"""

from __future__ import annotations

from dataclasses import dataclass

from policies.azure_semantics import ids
from policies.azure_semantics.properties import word
from policies.model import MISSING, Resource, Unknown

ASSIGNMENT = "authorization:RoleAssignment"
ASSIGNMENTS = (ASSIGNMENT, "authorization:PimRoleEligibilitySchedule")
"""The types that give a role, at once or on request."""


@dataclass(frozen=True)
class Principal:
    """A holder of a role."""

    id: str
    """The Entra object id in lower case; empty where it is unknown before the deployment."""
    made_by: tuple[str, ...] = ()
    """The URNs of the resources that the object id comes from."""

    def same_as(self, other: Principal) -> bool:
        """True if both are one principal. `Unknown` where that cannot be decided yet."""
        if self.id and other.id:
            return self.id == other.id
        if not (self.id or self.made_by) or not (other.id or other.made_by):
            raise Unknown("principalId")
        return not self.id and not other.id and self.made_by == other.made_by


def principal_of(assignment: Resource) -> Principal:
    """Return the principal of an assignment. One that the same deployment creates has no object id yet."""
    made_by = tuple(sorted(assignment.property_dependencies.get("principalId", ())))
    try:
        return Principal(word(assignment, "principalId"), made_by)
    except Unknown:
        return Principal("", made_by)


def role_of(assignment: Resource) -> str:
    """Return the GUID of the assigned role in lower case; empty where there is none."""
    value = assignment.at("roleDefinitionId")
    return "" if value is MISSING else ids.name(value)
