"""The guardrails: the Azure Policy rules that the definitions of the resource groups must equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from policies.expected.policy_rules import (
    ENDPOINTS_ELSEWHERE,
    PUBLIC_INTERFACES,
    SAME_GROUP,
    Guardrail,
    approves_foreign,
    field_is,
    has_entry,
    type_and,
)
from policies.expected.subscription_guardrails import WINDOWS_CODE_STAYS, subscription_guardrails

_NETWORK = "Microsoft.Network"
_BASTION, _FIREWALL = f"{_NETWORK}/bastionHosts", f"{_NETWORK}/azureFirewalls"
_RULES = f"{_NETWORK}/firewallPolicies/ruleCollectionGroups"
_STORE, _VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"

NO_DNAT = Guardrail(
    "no-translation",
    "The firewall has no DNAT rules",
    {
        "anyOf": [
            type_and(
                _RULES,
                has_entry(
                    f"{_RULES}/ruleCollections[*]",
                    where=field_is(
                        f"{_RULES}/ruleCollections[*].ruleCollectionType", "equals", "FirewallPolicyNatRuleCollection"
                    ),
                ),
            ),
            type_and(
                _FIREWALL,
                {
                    "anyOf": [
                        has_entry(f"{_FIREWALL}/natRuleCollections[*]"),
                        field_is(f"{_FIREWALL}/firewallPolicy.id", "notLike", SAME_GROUP),
                    ]
                },
            ),
            {
                "field": "type",
                "in": [
                    f"{_NETWORK}/firewallPolicies/ruleGroups",
                    f"{_NETWORK}/firewallPolicies/firewallPolicyDrafts",
                    f"{_RULES}/ruleCollectionGroupDrafts",
                ],
            },
        ]
    },
)
_ALLOWING = f"{_RULES}/ruleCollections[*].FirewallPolicyFilterRuleCollection"
_NAMES = f"{_ALLOWING}.rules[*].ApplicationRule"
_SIGN_IN = ("login.microsoftonline.com", "pas.windows.net")


def sign_in_only(*joins: str) -> Guardrail:
    """Return the guardrail that permits the hosts of sign-in by name. `joins`: the host at which Windows desks join
    Entra."""
    return Guardrail(
        "names-stay",
        "The firewall allows sign-in by name, and no other host",
        type_and(
            _RULES,
            has_entry(
                f"{_RULES}/ruleCollections[*]",
                where={
                    "allOf": [
                        field_is(f"{_ALLOWING}.action.type", "notEquals", "Deny"),
                        {
                            "anyOf": [
                                has_entry(
                                    f"{_NAMES}.targetFqdns[*]",
                                    where={"field": f"{_NAMES}.targetFqdns[*]", "notIn": [*_SIGN_IN, *joins]},
                                ),
                                *(
                                    has_entry(f"{_NAMES}.{one}[*]")
                                    for one in ("fqdnTags", "targetUrls", "webCategories")
                                ),
                            ]
                        },
                    ]
                },
            ),
        ),
        {"the firewall": joins} if joins else {},
    )


SIGN_IN_ONLY, SIGN_IN_AND_JOIN = sign_in_only(), sign_in_only("enterpriseregistration.windows.net")
"""The second is for an estate with Windows desks."""
BASTION_TRANSFERS_NOTHING = Guardrail(
    "bastion-carries-nothing",
    "Bastion transfers no data except the screen",
    type_and(
        _BASTION,
        {
            "anyOf": [
                field_is(f"{_BASTION}/disableCopyPaste", "notEquals", "true"),
                field_is(f"{_BASTION}/enableFileCopy", "equals", "true"),
                field_is(f"{_BASTION}/enableTunneling", "equals", "true"),
                field_is(f"{_BASTION}/enableIpConnect", "equals", "true"),
                field_is(f"{_BASTION}/enableShareableLink", "equals", "true"),
                field_is(f"{_BASTION}/enableKerberos", "equals", "true"),
            ]
        },
    ),
)
ENDPOINTS_TO_OWN_GROUP = Guardrail(
    "endpoints-stay",
    "Private endpoints connect to services in their own resource group only",
    ENDPOINTS_ELSEWHERE,
)
_DNS_RULE = f"{_NETWORK}/dnsResolverPolicies/dnsSecurityRules"
NO_PUBLIC_ADDRESSES = Guardrail(
    "no-public-addresses",
    "No resource has a public IP address, and none answers DNS names",
    {
        "anyOf": [
            {
                "field": "type",
                "in": [
                    f"{_NETWORK}/publicIPAddresses",
                    f"{_NETWORK}/publicIPPrefixes",
                    f"{_NETWORK}/natGateways",
                    f"{_NETWORK}/loadBalancers",
                    f"{_NETWORK}/applicationGateways",
                    f"{_NETWORK}/virtualNetworkGateways",
                    _FIREWALL,
                    _BASTION,
                    f"{_NETWORK}/privateLinkServices",
                    f"{_NETWORK}/networkVirtualAppliances",
                    "Microsoft.Compute/virtualMachineScaleSets",
                    "Microsoft.ContainerInstance/containerGroups",
                    f"{_NETWORK}/privateDnsZones",
                    f"{_NETWORK}/privateDnsZones/virtualNetworkLinks",
                    f"{_NETWORK}/dnsResolvers",
                ],
            },
            *PUBLIC_INTERFACES,
            type_and(
                _DNS_RULE,
                {
                    "anyOf": [
                        field_is(f"{_DNS_RULE}/action.actionType", "notEquals", "Block"),
                        field_is(f"{_DNS_RULE}/dnsSecurityRuleState", "equals", "Disabled"),
                    ]
                },
            ),
        ]
    },
)
_PUBLIC, _ACLS = field_is(f"{_STORE}/publicNetworkAccess", "notEquals", "Disabled"), f"{_STORE}/networkAcls"


def no_public_stores(named: Mapping[str, Sequence[str]]) -> Guardrail:
    """Return the guardrail that closes all stores, except named accounts to named addresses.

    `named`: the entries of `ipRules` by the account's name in Azure.
    """
    public: Mapping[str, Any] = {"allOf": [_PUBLIC, {"field": "name", "notIn": list(named)}]} if named else _PUBLIC
    return Guardrail(
        "stores-stay-closed",
        "Storage accounts and key vaults have no public access, and storage accounts no account keys",
        {
            "anyOf": [
                type_and(
                    _STORE,
                    {
                        "anyOf": [
                            public,
                            field_is(f"{_STORE}/allowSharedKeyAccess", "notEquals", "false"),
                            field_is(f"{_STORE}/allowBlobPublicAccess", "notEquals", "false"),
                            *(_admits_others(account, ranges) for account, ranges in named.items()),
                        ]
                    },
                ),
                type_and(_VAULT, field_is(f"{_VAULT}/publicNetworkAccess", "notEquals", "Disabled")),
            ]
        },
        {account: tuple(ranges) for account, ranges in named.items()},
    )


def _admits_others(account: str, ranges: Sequence[str]) -> dict[str, Any]:
    other = {"field": f"{_ACLS}.ipRules[*].value", "notIn": list(ranges)}
    return {
        "allOf": [
            field_is("name", "equals", account),
            _PUBLIC,
            {
                "anyOf": [
                    field_is(f"{_ACLS}.defaultAction", "notEquals", "Deny"),
                    has_entry(f"{_ACLS}.virtualNetworkRules[*]"),
                    has_entry(f"{_ACLS}.ipRules[*]", where=other),
                ]
            },
        ]
    }


def named_stores(rule: object) -> Mapping[str, tuple[str, ...]]:
    """Return the accounts that a rule of `no_public_stores` names, with their addresses; none for any other rule."""
    try:
        clauses = rule["if"]["anyOf"][0]["allOf"][1]["anyOf"][3:]  # type: ignore[index]
        return {
            str(clause["allOf"][0]["equals"]): tuple(
                map(str, clause["allOf"][2]["anyOf"][2]["count"]["where"]["notIn"])
            )
            for clause in clauses
        }
    except (KeyError, IndexError, TypeError):
        return {}


NO_PUBLIC_STORES = no_public_stores({})


def own_connections(named: Mapping[str, Sequence[str]]) -> Guardrail:
    """Return the guardrail that permits private endpoints in the resource group of a store or vault, and named ones.

    `named`: the endpoint elsewhere, as the only entry, by the full name of its connection, `<account>/<connection>`.
    """
    endpoint = f"{_STORE}/privateEndpointConnections/privateEndpoint.id"
    permitted = [
        {"allOf": [field_is("fullName", "equals", connection), field_is(endpoint, "equals", one)]}
        for connection, (one,) in named.items()
    ]
    return Guardrail(
        "connections-stay",
        "Stores and vaults have private endpoints in their own resource group only",
        {
            "anyOf": [
                {"allOf": [*approves_foreign(_STORE), *([{"not": {"anyOf": permitted}}] if permitted else [])]},
                {"allOf": approves_foreign(_VAULT)},
            ]
        },
        named,
    )


def named_connections(rule: object) -> Mapping[str, tuple[str, ...]]:
    """Return the connections that a rule of `own_connections` names, with their endpoints; none for any other rule."""
    try:
        clauses = rule["if"]["anyOf"][0]["allOf"][3]["not"]["anyOf"]  # type: ignore[index]
        return {str(one["allOf"][0]["equals"]): (str(one["allOf"][1]["equals"]),) for one in clauses}
    except (KeyError, IndexError, TypeError):
        return {}


OWN_CONNECTIONS = own_connections({})
COMMON_GUARDRAILS = (ENDPOINTS_TO_OWN_GROUP, OWN_CONNECTIONS, NO_PUBLIC_STORES)
GUARDRAILS: Mapping[str, Guardrail] = {
    guardrail.key: guardrail
    for guardrail in (
        NO_DNAT,
        SIGN_IN_ONLY,
        BASTION_TRANSFERS_NOTHING,
        *COMMON_GUARDRAILS,
        NO_PUBLIC_ADDRESSES,
        *subscription_guardrails("rg-"),
    )
}
"""Every guardrail, by its key."""
OF_WINDOWS: Mapping[str, Guardrail] = {one.key: one for one in (SIGN_IN_AND_JOIN, WINDOWS_CODE_STAYS)}
"""Those that are others in an estate with Windows desks, by their key."""
