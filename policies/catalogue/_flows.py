"""What the policies on flows share: one look at the whole estate, however many resources and policies ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from infra.errors import BadInput
from policies.model import Estate, Finding, Problem, Resource, Unknown
from policies.model import Verdict as Verdicts
from policies.reachability.assertions import ENOUGH, Forbidden, Kind, Verdict, judge
from policies.wording import plain

POLICIES = {
    Kind.PAST_STAGING: "FL1",
    Kind.PAST_AIRLOCK: "FL2",
    Kind.BETWEEN_PROJECTS: "FL3",
    Kind.BETWEEN_PROVIDERS: "FL4",
}
"""Which policy asks for each kind of flow."""
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
"""What decides whether something flows, of all stacks."""
HOLDERS = ("resources:ResourceGroup", "storage:StorageAccount", "keyvault:Vault", "compute:VirtualMachine")
"""What a finding may be about: the group of whatever holds the data, or that itself where its group is not planned."""

FIX = (
    "scripts/sde policy flows --all shows each weakest way: add a control that does not fail with the others, or take "
    "away what the way uses."
)


def verdict(estate: Estate) -> Verdict:
    """What the flows of an estate are: worked out once. Of one that holds no data, nothing is said; nor of one that is
    told by ARM templates, which do not say which identity a principal is, and so whose a right."""

    def look() -> Verdict:
        if not all(resource.declared for resource in estate.resources):
            return Verdict((), ())
        try:
            return judge(estate)
        except BadInput:
            return Verdict((), ())

    return estate.once(("flows",), look)


def concerns(kind: Kind) -> Callable[[Resource, Estate], bool]:
    """Whether a flow of that kind is looked for, to or from what a resource stands for."""
    return lambda resource, estate: resource.urn in _by_resource(estate, kind)


def judged(kind: Kind) -> Callable[[Resource, Estate], Iterator[Problem]]:
    """A problem where too few controls stand before a flow of that kind; unknown where something cannot be told."""

    def judge_(resource: Resource, estate: Estate) -> Iterator[Problem]:
        for flow in _by_resource(estate, kind)[resource.urn]:
            if flow.is_finding:
                yield Problem("", told(flow))
        for doubt in verdict(estate).doubts:
            raise Unknown("", doubt)

    return judge_


def _by_resource(estate: Estate, kind: Kind) -> Mapping[str, list[Forbidden]]:
    def look() -> dict[str, list[Forbidden]]:
        found: dict[str, list[Forbidden]] = {}
        for flow in verdict(estate).flows:
            if flow.kind is kind:
                found.setdefault(flow.about, []).append(flow)
        return found

    return estate.once(("flows", kind.name), look)


def told(flow: Forbidden) -> str:
    """The weakest way of a flow, in a sentence."""
    ways = sorted(flow.weakest.ways if flow.weakest else (), key=lambda way: (len(way.controls), len(way.steps)))
    does = "; ".join(ways[0].steps)
    if not flow.depth:
        return f"nothing stands before it, and {ENOUGH} controls at least must: {does}"
    held = " and ".join(control.says for control in sorted(ways[0].controls))
    count = "one control alone stands" if flow.depth == 1 else f"{flow.depth} controls stand"
    return f"{count} before it, and {ENOUGH} at least must: {held}. Where that fails: {does}"


def finding_of(flow: Forbidden, estate: Estate) -> Finding:
    """A flow's finding, as the gate words it: what an exemption names."""
    found = next(r for r in estate.resources if r.urn == flow.about)
    urn, type_, name, stack = map(plain, (found.urn, found.type, found.name, found.stack))
    return Finding(POLICIES[flow.kind], Verdicts.FAIL, urn, type_, name, stack, "", told(flow))
