"""Network security perimeters: which resources one protects from the public network.

Source: learn.microsoft.com, "Transition to a network security perimeter in Azure": only in the access mode Enforced do
the perimeter's rules alone decide; in the mode Learning, now called transition, the resource's own rules let in too.
"""

from __future__ import annotations

from policies.azure_semantics.properties import same
from policies.model import PolicyContext, Resource, Unknown

PERIMETER, PROFILE = "network:NetworkSecurityPerimeter", "network:NetworkSecurityPerimeterProfile"
ASSOCIATION, RULE = "network:NetworkSecurityPerimeterAssociation", "network:NetworkSecurityPerimeterAccessRule"
MEMBER, MODE, ENFORCED = "privateLinkResource.id", "accessMode", "Enforced"
SECURED = "SecuredByPerimeter"
"""The value of `publicNetworkAccess` with which a perimeter decides."""
READS = (f"{ASSOCIATION}:{MEMBER}", f"{ASSOCIATION}:{MODE}")
"""The paths that `is_enforced_on` reads, for `check_paths`."""


def is_enforced_on(resource: Resource, context: PolicyContext) -> bool:
    """True if a checked perimeter of the same stack is enforced on a resource."""
    found = context.referencing(ASSOCIATION, MEMBER, resource)
    return any(same(one.at(MODE), ENFORCED) and one.stack == resource.stack for one in found)


def is_closed_by_perimeter(resource: Resource, context: PolicyContext) -> bool:
    """True if a perimeter is certainly enforced on a resource, and none of the stack has an access rule."""
    try:
        enforced = is_enforced_on(resource, context)
    except Unknown:
        return False
    return enforced and not context.same_stack(resource, RULE)
