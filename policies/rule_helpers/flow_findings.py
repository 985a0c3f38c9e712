"""The policies on flows: one analysis of the whole estate, shared by all of them."""

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
    "authorization:RoleAssignment:scope",
    "authorization:RoleAssignment:roleDefinitionId",
    "authorization:RoleAssignment:principalId",
    "network:AzureFirewall:ipConfigurations",
    "network:BastionHost:disableCopyPaste",
    "network:BastionHost:enableTunneling",
    "network:FirewallPolicyRuleCollectionGroup:ruleCollections",
    "network:NetworkInterface:networkSecurityGroup.id",
    "network:NetworkSecurityGroup:securityRules",
    "network:PrivateEndpoint:ipConfigurations",
    "network:PrivateEndpoint:privateLinkServiceConnections",
    "network:RouteTable:routes",
    "network:Subnet:addressPrefix",
    "network:VirtualNetworkPeering:remoteVirtualNetwork.id",
    "storage:BlobContainer:publicAccess",
    "storage:StorageAccount:networkRuleSet",
    "storage:StorageAccount:publicNetworkAccess",
)
"""The properties that flows depend on, in all stacks."""
HOLDERS = ("resources:ResourceGroup", "storage:StorageAccount", "keyvault:Vault", "compute:VirtualMachine")
"""The types that a finding may be about: the resource group of the data, or its store where the group is not planned.
"""

FIX = (
    "scripts/sde policy flows --all shows each weakest way: add a control that does not fail with the others, or take "
    "away what the way uses."
)


def flow_report(context: PolicyContext) -> FlowReport:
    """Return the flow analysis of an estate, made once. It is empty for an estate without data, and for one that is
    read from ARM templates, which do not say which identity a principal is."""

    def look() -> FlowReport:
        if not all(resource.declared for resource in context.resources):
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
    """Return the check for flows of a kind: a problem where too few controls prevent one; `Unknown` where something
    could not be read."""

    def judge_(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
        for flow in _by_resource(context, kind)[resource.urn]:
            if flow.is_finding:
                yield Violation("", message_of(flow))
        unknowns = flow_report(context).unknowns
        if unknowns:
            raise Unknown("", unknowns[0])

    return judge_


def _by_resource(context: PolicyContext, kind: FlowKind) -> Mapping[str, list[ForbiddenFlow]]:
    def look() -> dict[str, list[ForbiddenFlow]]:
        found: dict[str, list[ForbiddenFlow]] = {}
        for flow in flow_report(context).flows:
            if flow.kind is kind:
                found.setdefault(flow.about, []).append(flow)
        return found

    return context.once(("flows", kind.name), look)


def message_of(flow: ForbiddenFlow) -> str:
    """Return the weakest path of a flow as a sentence."""
    paths = sorted(
        flow.minimal_cut_sets.paths if flow.minimal_cut_sets else (),
        key=lambda path: (len(path.controls), len(path.steps)),
    )
    does = "; ".join(paths[0].steps)
    if not flow.depth:
        return f"nothing stands before it, and {MIN_CONTROLS} controls at least must: {does}"
    held = " and ".join(control.description for control in sorted(paths[0].controls))
    count = "one control alone stands" if flow.depth == 1 else f"{flow.depth} controls stand"
    return f"{count} before it, and {MIN_CONTROLS} at least must: {held}. Where that fails: {does}"


def finding_of(flow: ForbiddenFlow, context: PolicyContext) -> Finding:
    """Return a flow's finding as the gate words it, which is what an exemption names."""
    found = next(r for r in context.resources if r.urn == flow.about)
    urn, type_, name, stack = map(plain, (found.urn, found.type, found.name, found.stack))
    return Finding(POLICIES[flow.kind], Verdict.FAIL, urn, type_, name, stack, "", message_of(flow))
