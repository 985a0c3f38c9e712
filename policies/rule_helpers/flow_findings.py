"""Checks of the policies on flows. They share one analysis of the whole estate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from formats.errors import InputError
from policies.model import Finding, PolicyContext, Resource, Unknown, Verdict, Violation
from policies.reachability.assertions import MIN_CONTROLS, FlowKind, FlowReport, ForbiddenFlow, analyse_flows
from policies.wording import plain

POLICIES = {
    FlowKind.PAST_STAGING: "FL1",
    FlowKind.PAST_AIRLOCK: "FL2",
    FlowKind.BETWEEN_PROJECTS: "FL3",
    FlowKind.BETWEEN_PROVIDERS: "FL4",
}
"""The policy for each kind of flow."""
READS = (
    "authorization:PolicyAssignment:definitionVersion",
    "authorization:PolicyAssignment:enforcementMode",
    "authorization:PolicyAssignment:notScopes",
    "authorization:PolicyAssignment:overrides",
    "authorization:PolicyAssignment:parameters",
    "authorization:PolicyAssignment:policyDefinitionId",
    "authorization:PolicyAssignment:resourceSelectors",
    "authorization:PolicyAssignment:scope",
    "authorization:PolicyDefinition:mode",
    "authorization:PolicyDefinition:parameters",
    "authorization:PolicyDefinition:policyRule",
    "authorization:PolicyDefinition:policyType",
    "authorization:RoleAssignment:principalId",
    "authorization:RoleAssignment:principalType",
    "authorization:RoleAssignment:roleDefinitionId",
    "authorization:RoleAssignment:scope",
    "compute:VirtualMachine:identity.userAssignedIdentities",
    "compute:VirtualMachine:networkProfile.networkInterfaces",
    "compute:VirtualMachine:osProfile.customData",
    "keyvault:Vault:properties.networkAcls.defaultAction",
    "keyvault:Vault:properties.networkAcls.ipRules",
    "keyvault:Vault:properties.networkAcls.resourceAccessRules",
    "keyvault:Vault:properties.networkAcls.virtualNetworkRules",
    "keyvault:Vault:properties.publicNetworkAccess",
    "network:AzureFirewall:firewallPolicy.id",
    "network:AzureFirewall:ipConfigurations",
    "network:BastionHost:disableCopyPaste",
    "network:BastionHost:enableFileCopy",
    "network:BastionHost:enableIpConnect",
    "network:BastionHost:enableTunneling",
    "network:BastionHost:ipConfigurations",
    "network:FirewallPolicy:basePolicy",
    "network:FirewallPolicy:explicitProxy.enableExplicitProxy",
    "network:FirewallPolicyRuleCollectionGroup:priority",
    "network:FirewallPolicyRuleCollectionGroup:ruleCollections",
    "network:NetworkInterface:ipConfigurations",
    "network:NetworkInterface:networkSecurityGroup.id",
    "network:NetworkInterface:subnet.id",
    "network:NetworkSecurityGroup:securityRules",
    "network:PrivateEndpoint:ipConfigurations",
    "network:PrivateEndpoint:manualPrivateLinkServiceConnections",
    "network:PrivateEndpoint:privateLinkServiceConnections",
    "network:PrivateEndpoint:subnet.id",
    "network:RouteTable:routes",
    "network:Subnet:addressPrefix",
    "network:Subnet:addressPrefixes",
    "network:Subnet:defaultOutboundAccess",
    "network:Subnet:natGateway",
    "network:Subnet:networkSecurityGroup.id",
    "network:Subnet:privateEndpointNetworkPolicies",
    "network:Subnet:routeTable.id",
    "network:Subnet:serviceEndpoints",
    "network:Subnet:subnetName",
    "network:VirtualNetwork:subnets",
    "network:VirtualNetwork:virtualNetworkPeerings",
    "network:VirtualNetworkPeering:remoteVirtualNetwork.id",
    "properties.networkAcls.defaultAction",
    "properties.networkAcls.ipRules",
    "properties.networkAcls.resourceAccessRules",
    "properties.networkAcls.virtualNetworkRules",
    "properties.publicNetworkAccess",
    "storage:BlobContainer:publicAccess",
    "storage:StorageAccount:allowBlobPublicAccess",
    "storage:StorageAccount:allowSharedKeyAccess",
    "storage:StorageAccount:encryption.encryptionIdentity.encryptionUserAssignedIdentity",
    "storage:StorageAccount:encryption.keySource",
    "storage:StorageAccount:encryption.keyVaultProperties.keyVaultUri",
    "storage:StorageAccount:networkRuleSet",
    "storage:StorageAccount:publicNetworkAccess",
)
"""The properties that flows depend on, in all stacks."""
SUBJECTS = ("resources:ResourceGroup", "storage:StorageAccount", "keyvault:Vault", "compute:VirtualMachine")
"""The types that a finding may be about: the resource group of the data, or its store where the group is not planned.
"""

FIX = (
    "scripts/sde policy flows --all shows each weakest path: add a control that does not fail with the others, or "
    "remove a resource that the path uses."
)


def flow_report(context: PolicyContext) -> FlowReport:
    """Return the flow analysis of an estate, made once. It is empty for an estate without data, and for one that is
    read from ARM templates, which do not say which identity a principal is."""

    def look() -> FlowReport:
        if not all(resource.from_program for resource in context.resources):
            return FlowReport((), ())
        try:
            return analyse_flows(context)
        except InputError:
            return FlowReport((), ())

    return context.once(("flows",), look)


def concerns(kind: FlowKind) -> Callable[[Resource, PolicyContext], bool]:
    """Return a filter for the resources that a flow of that kind is about."""
    return lambda resource, context: resource.urn in _by_resource(context, kind)


def flow_check(kind: FlowKind) -> Callable[[Resource, PolicyContext], Iterator[Violation]]:
    """Return the check of a kind of flow: a violation where too few controls prevent one; `Unknown` where something
    could not be read."""

    def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
        for flow in _by_resource(context, kind)[resource.urn]:
            if flow.is_finding:
                yield Violation("", message_of(flow))
        unknowns = flow_report(context).unknowns
        if unknowns:
            raise Unknown("", unknowns[0])

    return check


def _by_resource(context: PolicyContext, kind: FlowKind) -> Mapping[str, list[ForbiddenFlow]]:
    def look() -> dict[str, list[ForbiddenFlow]]:
        found: dict[str, list[ForbiddenFlow]] = {}
        for flow in flow_report(context).flows:
            if flow.kind is kind:
                found.setdefault(flow.subject, []).append(flow)
        return found

    return context.once(("flows", kind.name), look)


def message_of(flow: ForbiddenFlow) -> str:
    """Return the weakest path of a flow as a sentence."""
    paths = sorted(
        flow.minimal_cut_sets.paths if flow.minimal_cut_sets else (),
        key=lambda path: (len(path.controls), len(path.steps)),
    )
    steps = "; ".join(paths[0].steps)
    if not flow.depth:
        return f"no control prevents it, and at least {MIN_CONTROLS} must: {steps}"
    controls = " and ".join(control.description for control in sorted(paths[0].controls))
    count = "only one control prevents" if flow.depth == 1 else f"only {flow.depth} controls prevent"
    return f"{count} it, and at least {MIN_CONTROLS} must: {controls}. If that fails: {steps}"


def finding_of(flow: ForbiddenFlow, context: PolicyContext) -> Finding:
    """Return a flow's finding with the gate's wording, which an exemption names."""
    found = next(r for r in context.resources if r.urn == flow.subject)
    urn, type_, name, stack = map(plain, (found.urn, found.type, found.name, found.stack))
    return Finding(POLICIES[flow.kind], Verdict.FAIL, urn, type_, name, stack, "", message_of(flow))
