"""The guardrails: Azure Policy definitions with the effect deny, for the resource groups of the stacks.

A guardrail is a second control beside a property that the program sets: where the program, a person or another tool
makes a mistake, Azure Policy answers 403 before the service receives the request. The rules are data;
`infra.components.policy_guardrails` assigns them, and the gate's policies compare a plan with them.

Sources, all learn.microsoft.com: "Azure Policy definition structure policy rule" (comparisons
ignore case; a missing field equals nothing, so `notEquals` is true of it; `count` counts the members of an array alias
for which `where` is true, and is 0 where the array is missing), "Azure Policy definition structure basics" (mode `All`:
types without tags and location too, such as rule collection groups), "Author policies for array properties". Every
alias is one that Azure publishes (`az provider list --expand resourceTypes/aliases`): Azure refuses any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.network_services import REGISTRATION_HOST, SIGN_IN_HOSTS
from infra.policy_rules import SAME_RESOURCE_GROUP, PolicyGuardrail, all_of, any_entry, any_of, is_type

FIREWALL_POLICY = "Microsoft.Network/firewallPolicies"
RULE_GROUP = f"{FIREWALL_POLICY}/ruleCollectionGroups"
FIREWALL = "Microsoft.Network/azureFirewalls"
UNCHECKED_RULES = (
    f"{FIREWALL_POLICY}/ruleGroups",
    f"{FIREWALL_POLICY}/firewallPolicyDrafts",
    f"{RULE_GROUP}/ruleCollectionGroupDrafts",
)
"""Types that hold rules which the other conditions would not see: a retired one, and drafts, which a POST deploys
that Azure Policy does not evaluate (docs/azure-facts.md#drafts-of-firewall-rules)."""
NO_DNAT = PolicyGuardrail(
    key="no-translation",
    title="The firewall has no DNAT rules",
    description=(
        "No firewall policy has a DNAT rule collection, no firewall has a classic NAT rule collection or a policy of "
        "another resource group, and there are no drafts of rules and none of the retired type ruleGroups."
    ),
    why="No inbound connection may pass the firewall: people connect through Bastion.",
    condition=any_of(
        all_of(
            is_type(RULE_GROUP),
            any_entry(
                f"{RULE_GROUP}/ruleCollections[*]",
                where={
                    "field": f"{RULE_GROUP}/ruleCollections[*].ruleCollectionType",
                    "equals": "FirewallPolicyNatRuleCollection",
                },
            ),
        ),
        all_of(
            is_type(FIREWALL),
            any_of(
                any_entry(f"{FIREWALL}/natRuleCollections[*]"),
                {"field": f"{FIREWALL}/firewallPolicy.id", "notLike": SAME_RESOURCE_GROUP},
            ),
        ),
        {"field": "type", "in": list(UNCHECKED_RULES)},
    ),
)

_FILTER = f"{RULE_GROUP}/ruleCollections[*].FirewallPolicyFilterRuleCollection"
_APPLICATION = f"{_FILTER}.rules[*].ApplicationRule"


def sign_in_only(*more: str) -> PolicyGuardrail:
    """Return the guardrail that permits the hosts of sign-in by name. `more`: further hosts, in lower case."""
    return PolicyGuardrail(
        key="names-stay",
        title="The firewall allows sign-in by name, and no other host",
        description=(
            "No rule collection that allows traffic has an application rule with another host than those of Entra's "
            "sign-in, or with FQDN tags, URLs or web categories."
        ),
        why="The firewall resolves the name of such a rule itself, whatever the network security groups allow.",
        condition=all_of(
            is_type(RULE_GROUP),
            any_entry(
                f"{RULE_GROUP}/ruleCollections[*]",
                where=all_of(
                    {"field": f"{_FILTER}.action.type", "notEquals": "Deny"},
                    any_of(
                        any_entry(
                            f"{_APPLICATION}.targetFqdns[*]",
                            where={"field": f"{_APPLICATION}.targetFqdns[*]", "notIn": [*SIGN_IN_HOSTS, *more]},
                        ),
                        *(
                            any_entry(f"{_APPLICATION}.{names}[*]")
                            for names in ("fqdnTags", "targetUrls", "webCategories")
                        ),
                    ),
                ),
            ),
        ),
    )


SIGN_IN_ONLY = sign_in_only()
SIGN_IN_AND_JOIN = sign_in_only(REGISTRATION_HOST)

BASTION = "Microsoft.Network/bastionHosts"
TRANSFER_FEATURES = ("enableFileCopy", "enableTunneling", "enableIpConnect", "enableShareableLink", "enableKerberos")
"""Bastion's features that transfer more than the screen, each off by default."""
BASTION_TRANSFERS_NOTHING = PolicyGuardrail(
    key="bastion-carries-nothing",
    title="Bastion transfers no data except the screen",
    description="Bastion has no copy and paste, file copy, tunnels, connection by IP, shareable links or Kerberos.",
    why="Data leaves through the airlock only, where a checker reviews it.",
    condition=all_of(
        is_type(BASTION),
        any_of(
            {"field": f"{BASTION}/disableCopyPaste", "notEquals": "true"},
            *({"field": f"{BASTION}/{feature}", "equals": "true"} for feature in TRANSFER_FEATURES),
        ),
    ),
)

ENDPOINT = "Microsoft.Network/privateEndpoints"
CONNECTIONS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
"""Connections approved by the creator of the endpoint, and by the owner of its target service."""
ENDPOINTS_TO_OWN_GROUP = PolicyGuardrail(
    key="endpoints-stay",
    title="Private endpoints connect to services in their own resource group only",
    description=(
        "No private endpoint connects to a service in another resource group, subscription or tenant, whether the "
        "connection is approved automatically or manually (Cloud Adoption Framework, Limit cross-tenant private "
        "endpoint connections; narrower: the resource group instead of the subscription)."
    ),
    why="A private endpoint to a foreign storage account would bypass the firewall and the airlock.",
    condition=all_of(
        is_type(ENDPOINT),
        any_of(
            *(
                any_entry(
                    f"{ENDPOINT}/{connections}[*]",
                    where={
                        "field": f"{ENDPOINT}/{connections}[*].privateLinkServiceId",
                        "notLike": SAME_RESOURCE_GROUP,
                    },
                )
                for connections in CONNECTIONS
            )
        ),
    ),
)

INTERFACE, SUBNET = "Microsoft.Network/networkInterfaces", "Microsoft.Network/virtualNetworks/subnets"
MACHINE = "Microsoft.Compute/virtualMachines"
OWN_ADDRESSES = "networkProfile.networkInterfaceConfigurations[*].ipConfigurations[*]"
"""The interfaces that a virtual machine makes itself."""
PUBLIC_TYPES = (
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/publicIPPrefixes",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/loadBalancers",
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/virtualNetworkGateways",
    "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/bastionHosts",
    "Microsoft.Network/privateLinkServices",
    "Microsoft.Network/networkVirtualAppliances",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.ContainerInstance/containerGroups",
)
"""Public IP addresses, and the types that use one, of any resource group. The instances of scale sets and container
groups have public addresses that are no resources."""
PUBLIC_INTERFACES = (
    all_of(
        is_type(INTERFACE),
        any_entry(
            f"{INTERFACE}/ipconfigurations[*]",
            where={"field": f"{INTERFACE}/ipconfigurations[*].publicIpAddress.id", "exists": "true"},
        ),
    ),
    all_of(
        is_type(MACHINE),
        any_entry(
            f"{MACHINE}/{OWN_ADDRESSES}",
            where={"field": f"{MACHINE}/{OWN_ADDRESSES}.publicIPAddressConfiguration", "exists": "true"},
        ),
    ),
    all_of(is_type(SUBNET), {"field": f"{SUBNET}/natGateway.id", "exists": "true"}),
)
"""Conditions: a resource of a network has a public address."""
NAME_TYPES = (
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "Microsoft.Network/dnsResolvers",
)
"""Types that answer DNS names for a network. The hub has all of them."""
DNS_RULE = "Microsoft.Network/dnsResolverPolicies/dnsSecurityRules"
NO_PUBLIC_ADDRESSES = PolicyGuardrail(
    key="no-public-addresses",
    title="No resource has a public IP address, and none answers DNS names",
    description=(
        "No public IP address or prefix, no type that uses one, no network interface or virtual machine with one, and "
        "no subnet with a NAT gateway; no private DNS zones, and no rule of a DNS policy that answers a name or is off."
    ),
    why="Zones and tenancies have egress and names through the hub only, and no inbound connections.",
    condition=any_of(
        {"field": "type", "in": [*PUBLIC_TYPES, *NAME_TYPES]},
        *PUBLIC_INTERFACES,
        all_of(
            is_type(DNS_RULE),
            any_of(
                {"field": f"{DNS_RULE}/action.actionType", "notEquals": "Block"},
                {"field": f"{DNS_RULE}/dnsSecurityRuleState", "equals": "Disabled"},
            ),
        ),
    ),
)

STORE, VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
NOT_DISABLED = {"field": f"{STORE}/publicNetworkAccess", "notEquals": "Disabled"}


def no_public_stores(named: Mapping[str, Sequence[str]]) -> PolicyGuardrail:
    """Return the guardrail that closes all storage accounts and key vaults to the public network.

    `named`: the accounts, by their names in Azure, that certain addresses may reach. Azure denies every other address
    in their network rules, so that a wrong list in an account is refused as well (learn.microsoft.com, "Author policies
    for array properties").
    """
    closed = all_of(NOT_DISABLED, {"field": "name", "notIn": sorted(named)}) if named else NOT_DISABLED
    return PolicyGuardrail(
        key="stores-stay-closed",
        title="Storage accounts and key vaults have no public access, and storage accounts no account keys",
        description=(
            "Storage accounts have no public network access, no account keys (nor the signatures made with them) and "
            "no anonymous readers; key vaults have no public network access."
            + (" Named accounts have public network access from named addresses only." if named else "")
        ),
        why="Data and keys are accessed through private endpoints only, by principals with a role in Entra.",
        condition=any_of(
            all_of(
                is_type(STORE),
                any_of(
                    closed,
                    {"field": f"{STORE}/allowSharedKeyAccess", "notEquals": "false"},
                    {"field": f"{STORE}/allowBlobPublicAccess", "notEquals": "false"},
                    *(_other_addresses(account, named[account]) for account in sorted(named)),
                ),
            ),
            all_of(is_type(VAULT), {"field": f"{VAULT}/publicNetworkAccess", "notEquals": "Disabled"}),
        ),
    )


def _other_addresses(account: str, ranges: Sequence[str]) -> dict[str, Any]:
    """Return a condition: the account admits others than these addresses."""
    rules = f"{STORE}/networkAcls"
    return all_of(
        {"field": "name", "equals": account},
        NOT_DISABLED,
        any_of(
            {"field": f"{rules}.defaultAction", "notEquals": "Deny"},
            any_entry(f"{rules}.virtualNetworkRules[*]"),
            any_entry(f"{rules}.ipRules[*]", where={"field": f"{rules}.ipRules[*].value", "notIn": list(ranges)}),
        ),
    )


NO_PUBLIC_STORES = no_public_stores({})


def own_connections(named: Mapping[str, str]) -> PolicyGuardrail:
    """Return the guardrail that permits private endpoints of a store or vault in its own resource group only.

    `named`: endpoints elsewhere that are permitted, each by the connection's full name, `<account>/<connection>`
    (Cloud Adoption Framework, "Limit cross-tenant private endpoint connections": connections from outside).
    """
    permitted = [
        all_of(
            {"field": "fullName", "equals": connection},
            {"field": f"{STORE}/privateEndpointConnections/privateEndpoint.id", "equals": named[connection]},
        )
        for connection in sorted(named)
    ]
    return PolicyGuardrail(
        key="connections-stay",
        title="Stores and vaults have private endpoints in their own resource group only",
        description=(
            "No private endpoint of another resource group, subscription or tenant is approved at a storage account or "
            "key vault." + (" Named endpoints are approved at named accounts." if named else "")
        ),
        why="Nothing outside the estate reaches data, except from a private endpoint that the estate names.",
        condition=any_of(
            all_of(*foreign_connection(STORE), *([{"not": any_of(*permitted)}] if permitted else [])),
            all_of(*foreign_connection(VAULT)),
        ),
    )


def foreign_connection(type_: str) -> tuple[dict[str, Any], ...]:
    """Return the conditions: the request approves a private endpoint of another resource group."""
    connection = f"{type_}/privateEndpointConnections"
    return (
        is_type(connection),
        {"field": f"{connection}/privateLinkServiceConnectionState.status", "equals": "Approved"},
        {"field": f"{connection}/privateEndpoint.id", "notLike": SAME_RESOURCE_GROUP},
    )


OWN_CONNECTIONS = own_connections({})

COMMON_GUARDRAILS: Sequence[PolicyGuardrail] = (ENDPOINTS_TO_OWN_GROUP, OWN_CONNECTIONS, NO_PUBLIC_STORES)
HUB_GUARDRAILS: Sequence[PolicyGuardrail] = (NO_DNAT, SIGN_IN_ONLY, BASTION_TRANSFERS_NOTHING, *COMMON_GUARDRAILS)
WINDOWS_HUB_GUARDRAILS: Sequence[PolicyGuardrail] = tuple(
    SIGN_IN_AND_JOIN if rail is SIGN_IN_ONLY else rail for rail in HUB_GUARDRAILS
)
"""For a hub whose tenancies may have Windows desks."""
SPOKE_GUARDRAILS: Sequence[PolicyGuardrail] = (*COMMON_GUARDRAILS, NO_PUBLIC_ADDRESSES)
"""For the resource group of each zone and tenancy."""
GUARDRAILS: Mapping[str, PolicyGuardrail] = {rail.key: rail for rail in (*HUB_GUARDRAILS, NO_PUBLIC_ADDRESSES)}
"""Every guardrail, by its key."""
