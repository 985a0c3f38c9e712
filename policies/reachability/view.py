"""The part of an estate that the flow analysis reads.

The analysis reads this view only, and the symmetry reduction compares tenancies on the same view. So no property can
affect a flow and be left out of the comparison.
"""

from __future__ import annotations

from dataclasses import replace

from formats.property_paths import parse, without
from policies.model import PolicyContext, Resource

READ_TYPES = frozenset(
    [
        "authorization:PolicyAssignment",
        "authorization:PolicyDefinition",
        "authorization:PolicyExemption",
        "authorization:RoleAssignment",
        "compute:VirtualMachine",
        "keyvault:Secret",
        "keyvault:Vault",
        "managedidentity:UserAssignedIdentity",
        "network:AzureFirewall",
        "network:BastionHost",
        "network:FirewallPolicy",
        "network:FirewallPolicyRuleCollectionGroup",
        "network:IpGroup",
        "network:NetworkInterface",
        "network:NetworkSecurityGroup",
        "network:PrivateEndpoint",
        "network:Route",
        "network:RouteTable",
        "network:SecurityRule",
        "network:Subnet",
        "network:VirtualNetwork",
        "network:VirtualNetworkPeering",
        "resources:ResourceGroup",
        "storage:BlobContainer",
        "storage:StorageAccount",
    ]
)
"""The types whose properties the analysis reads. Of other types it sees the id and the URN."""
HIDDEN = {
    "compute:VirtualMachine": ("hardwareProfile", "storageProfile", "osProfile.computerName"),
    "network:PrivateEndpoint": ("customNetworkInterfaceName",),
}
"""Paths of properties that no flow depends on, by type; tags are hidden for every type."""
PRINCIPAL = "principalId"


class AnalysedEstate(PolicyContext):
    """An estate reduced to `READ_TYPES`. `LookupError` when the analysis asks for another type."""

    def __init__(self, estate: PolicyContext) -> None:
        super().__init__(map(visible, estate.resources), is_complete=estate.is_complete, today=estate.today)

    def of(self, *types: str) -> list[Resource]:
        """Return the resources of these types, in the plan's order."""
        if not READ_TYPES.issuperset(types):
            raise LookupError(
                f"{sorted(set(types) - READ_TYPES)} is not in READ_TYPES of policies/reachability/view.py"
            )
        return super().of(*types)

    def without(self, stacks: frozenset[str]) -> AnalysedEstate:
        """Return the estate without some stacks."""
        kept = [resource for resource in self.resources if resource.stack not in stacks]
        return AnalysedEstate(PolicyContext(kept, is_complete=self.is_complete, today=self.today))


def visible(resource: Resource) -> Resource:
    """Return a resource with nothing but what the analysis may read."""
    inputs = resource.inputs if resource.type in READ_TYPES else {}
    for path in ("tags", *HIDDEN.get(resource.type, ())):
        inputs = without(inputs, parse(path))
    principal = (
        resource.property_dependencies.get(PRINCIPAL) if resource.type == "authorization:RoleAssignment" else None
    )
    return replace(
        resource,
        inputs=inputs,
        dependencies=(),
        property_dependencies={PRINCIPAL: principal} if principal else {},
        protect=False,
        ignore_changes=(),
    )
