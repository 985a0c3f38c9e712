"""The guards: what Azure itself refuses in a room, whoever asks, as the rules of Azure Policy.

A guard is a second control beside a setting of ours: where the program, a person or another tool errs, Azure Policy
answers 403 before the service sees the request. The rules are data; `infra.components.guard` assigns them, and the
policies of the gate compare what a plan holds with them.

Sources, all learn.microsoft.com: "Azure Policy definition structure policy rule" (conditions compare without regard to
case; what is missing equals nothing, so that `notEquals` holds for it; `count` counts the members of an array alias for
which `where` holds, none where the array is missing), "Azure Policy definition structure basics" (mode `All`: types
without tags and location too, such as rule collection groups), "Author policies for array properties". Every alias is
one that Azure publishes (`az provider list --expand resourceTypes/aliases`): Azure takes no definition with another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EVERY_TYPE = "All"
"""The mode in which a definition looks at every type, those without tags and location too."""
DENY = "deny"


@dataclass(frozen=True)
class Guard:
    """One thing that Azure itself refuses to make or change."""

    noun: str
    title: str
    """What holds, in one line: Azure shows it as the definition's name, up to 128 letters."""
    description: str
    why: str
    """What somebody reads whose request was refused."""
    condition: Mapping[str, Any]
    """What is refused: the `if` of the rule."""
    mode: str = EVERY_TYPE
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def policy_rule(self) -> dict[str, Any]:
        """The rule as Azure Policy has it."""
        return {"if": dict(self.condition), "then": {"effect": DENY}}


def _type(type_: str) -> dict[str, Any]:
    return {"field": "type", "equals": type_}


def _all(*conditions: Mapping[str, Any]) -> dict[str, Any]:
    return {"allOf": list(conditions)}


def _any(*conditions: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(conditions)}


def _some(entries: str, **where: Mapping[str, Any]) -> dict[str, Any]:
    """Whether there is an entry of an array alias, of those that `where` holds for if it is said."""
    return {"count": {"field": entries, **where}, "greater": 0}


RULE_GROUP = "Microsoft.Network/firewallPolicies/ruleCollectionGroups"
FIREWALL = "Microsoft.Network/azureFirewalls"
NO_TRANSLATION = Guard(
    noun="no-translation",
    title="The firewall translates no address to the inside",
    description=(
        "No firewall policy has a collection of translation rules (DNAT), no firewall a classic one, and none is "
        "written in the retired form of rule groups."
    ),
    why="Nothing outside may reach the inside through the firewall: the way in is Bastion.",
    condition=_any(
        _all(
            _type(RULE_GROUP),
            _some(
                f"{RULE_GROUP}/ruleCollections[*]",
                where={
                    "field": f"{RULE_GROUP}/ruleCollections[*].ruleCollectionType",
                    "equals": "FirewallPolicyNatRuleCollection",
                },
            ),
        ),
        _all(_type(FIREWALL), _some(f"{FIREWALL}/natRuleCollections[*]")),
        _type("Microsoft.Network/firewallPolicies/ruleGroups"),
    ),
)

BASTION = "Microsoft.Network/bastionHosts"
CARRIERS = ("enableFileCopy", "enableTunneling", "enableIpConnect", "enableShareableLink", "enableKerberos")
"""What a Bastion can carry beside a picture of the screen, each off unless it is said."""
BASTION_CARRIES_NOTHING = Guard(
    noun="bastion-carries-nothing",
    title="Bastion carries nothing but the screen",
    description="Bastion's clipboard, file copy, tunnel, connection by address, links to share and Kerberos are off.",
    why="Data leaves by the airlock alone, where a checker looks at it: Bastion shows a screen and carries nothing.",
    condition=_all(
        _type(BASTION),
        _any(
            {"field": f"{BASTION}/disableCopyPaste", "notEquals": "true"},
            *({"field": f"{BASTION}/{carrier}", "equals": "true"} for carrier in CARRIERS),
        ),
    ),
)

ENDPOINT = "Microsoft.Network/privateEndpoints"
CONNECTIONS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
"""Approved by who makes the endpoint, and by who owns the service it leads to."""
SAME_ROOM = "[concat(subscription().id, '/resourceGroups/', resourceGroup().name, '/*')]"
"""Of the endpoint that is asked for: both functions speak of what is evaluated."""
ENDPOINTS_STAY = Guard(
    noun="endpoints-stay",
    title="Private endpoints lead to what stands in their own resource group",
    description=(
        "No private endpoint leads to a service of another resource group, subscription or tenant, whether the "
        "connection is approved at once or by hand (Cloud Adoption Framework, Limit cross-tenant private endpoint "
        "connections; narrower: the resource group instead of the subscription)."
    ),
    why="A private endpoint to somebody else's store is a way out past the firewall and the airlock.",
    condition=_all(
        _type(ENDPOINT),
        _any(
            *(
                _some(
                    f"{ENDPOINT}/{connections}[*]",
                    where={"field": f"{ENDPOINT}/{connections}[*].privateLinkServiceId", "notLike": SAME_ROOM},
                )
                for connections in CONNECTIONS
            )
        ),
    ),
)

INTERFACE = "Microsoft.Network/networkInterfaces"
PUBLIC_TYPES = (
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/publicIPPrefixes",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/loadBalancers",
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/virtualNetworkGateways",
    "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/bastionHosts",
)
"""Public addresses, and what takes one, of whichever resource group."""
NO_PUBLIC_ADDRESSES = Guard(
    noun="no-public-addresses",
    title="Nothing here has a public address",
    description="No public address or prefix, nothing that takes one, and no network interface with one.",
    why="Zones and tenancies reach outside through the hub's firewall alone, and nobody outside reaches them.",
    condition=_any(
        {"field": "type", "in": list(PUBLIC_TYPES)},
        _all(
            _type(INTERFACE),
            _some(
                f"{INTERFACE}/ipconfigurations[*]",
                where={"field": f"{INTERFACE}/ipconfigurations[*].publicIpAddress.id", "exists": "true"},
            ),
        ),
    ),
)

STORE, VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
STORES_STAY_CLOSED = Guard(
    noun="stores-stay-closed",
    title="Stores and vaults are closed to public networks, and stores take no keys",
    description=(
        "Storage accounts have no public network access, no account keys (nor the signatures made with them) and no "
        "anonymous readers; key vaults have no public network access."
    ),
    why="What holds data or keys is reached through a private endpoint, by who is granted it in Entra, and by nobody "
    "else.",
    condition=_any(
        _all(
            _type(STORE),
            _any(
                {"field": f"{STORE}/publicNetworkAccess", "notEquals": "Disabled"},
                {"field": f"{STORE}/allowSharedKeyAccess", "notEquals": "false"},
                {"field": f"{STORE}/allowBlobPublicAccess", "notEquals": "false"},
            ),
        ),
        _all(_type(VAULT), {"field": f"{VAULT}/publicNetworkAccess", "notEquals": "Disabled"}),
    ),
)

EVERYWHERE: Sequence[Guard] = (ENDPOINTS_STAY, STORES_STAY_CLOSED)
OF_A_HUB: Sequence[Guard] = (NO_TRANSLATION, BASTION_CARRIES_NOTHING, *EVERYWHERE)
OF_A_ROOM: Sequence[Guard] = (*EVERYWHERE, NO_PUBLIC_ADDRESSES)
"""Of each zone and tenancy."""
GUARDS: Mapping[str, Guard] = {guard.noun: guard for guard in (*OF_A_HUB, NO_PUBLIC_ADDRESSES)}
"""Every guard, by its noun."""
