"""The Azure Policy rules that every guardrail must equal.

Source: learn.microsoft.com, "Azure Policy definition structure policy rule".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MODE = "All"
"""The mode that evaluates every resource type."""
_NETWORK = "Microsoft.Network"
_BASTION, _INTERFACE = f"{_NETWORK}/bastionHosts", f"{_NETWORK}/networkInterfaces"
_FIREWALL, _ENDPOINT = f"{_NETWORK}/azureFirewalls", f"{_NETWORK}/privateEndpoints"
_RULES = f"{_NETWORK}/firewallPolicies/ruleCollectionGroups"
_MACHINE, _SUBNET = "Microsoft.Compute/virtualMachines", f"{_NETWORK}/virtualNetworks/subnets"
_OWN_ADDRESSES = "networkProfile.networkInterfaceConfigurations[*].ipConfigurations[*]"
_SAME_GROUP = "[concat(subscription().id, '/resourceGroups/', resourceGroup().name, '/*')]"
_STORE, _VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"


@dataclass(frozen=True)
class Guardrail:
    """A definition with the effect deny: Azure refuses the requests for which the condition is true."""

    key: str
    title: str
    condition: Mapping[str, Any]
    named: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The exceptions: addresses by the account that they may reach, or endpoints by the connection."""

    @property
    def policy_rule(self) -> dict[str, Any]:
        """The rule in Azure Policy's format."""
        return {"if": self.condition, "then": {"effect": "deny"}}


def _type_and(type_: str, *conditions: Mapping[str, Any]) -> dict[str, Any]:
    return {"allOf": [{"field": "type", "equals": type_}, *conditions]}


def _field(field: str, operator: str, value: str) -> dict[str, Any]:
    return {"field": field, operator: value}


def _has_entry(entries: str, **where: Mapping[str, Any]) -> dict[str, Any]:
    return {"count": {"field": entries, **where}, "greater": 0}


NO_DNAT = Guardrail(
    "no-translation",
    "The firewall has no DNAT rules",
    {
        "anyOf": [
            _type_and(
                _RULES,
                _has_entry(
                    f"{_RULES}/ruleCollections[*]",
                    where=_field(
                        f"{_RULES}/ruleCollections[*].ruleCollectionType", "equals", "FirewallPolicyNatRuleCollection"
                    ),
                ),
            ),
            _type_and(
                _FIREWALL,
                {
                    "anyOf": [
                        _has_entry(f"{_FIREWALL}/natRuleCollections[*]"),
                        _field(f"{_FIREWALL}/firewallPolicy.id", "notLike", _SAME_GROUP),
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
BASTION_TRANSFERS_NOTHING = Guardrail(
    "bastion-carries-nothing",
    "Bastion transfers no data except the screen",
    _type_and(
        _BASTION,
        {
            "anyOf": [
                _field(f"{_BASTION}/disableCopyPaste", "notEquals", "true"),
                _field(f"{_BASTION}/enableFileCopy", "equals", "true"),
                _field(f"{_BASTION}/enableTunneling", "equals", "true"),
                _field(f"{_BASTION}/enableIpConnect", "equals", "true"),
                _field(f"{_BASTION}/enableShareableLink", "equals", "true"),
                _field(f"{_BASTION}/enableKerberos", "equals", "true"),
            ]
        },
    ),
)
ENDPOINTS_TO_OWN_GROUP = Guardrail(
    "endpoints-stay",
    "Private endpoints connect to services in their own resource group only",
    _type_and(
        _ENDPOINT,
        {
            "anyOf": [
                _has_entry(
                    f"{_ENDPOINT}/{connections}[*]",
                    where=_field(
                        f"{_ENDPOINT}/{connections}[*].privateLinkServiceId",
                        "notLike",
                        _SAME_GROUP,
                    ),
                )
                for connections in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
            ]
        },
    ),
)
NO_PUBLIC_ADDRESSES = Guardrail(
    "no-public-addresses",
    "No resource has a public IP address",
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
                ],
            },
            _type_and(
                _INTERFACE,
                _has_entry(
                    f"{_INTERFACE}/ipconfigurations[*]",
                    where=_field(f"{_INTERFACE}/ipconfigurations[*].publicIpAddress.id", "exists", "true"),
                ),
            ),
            _type_and(
                _MACHINE,
                _has_entry(
                    f"{_MACHINE}/{_OWN_ADDRESSES}",
                    where=_field(f"{_MACHINE}/{_OWN_ADDRESSES}.publicIPAddressConfiguration", "exists", "true"),
                ),
            ),
            _type_and(_SUBNET, _field(f"{_SUBNET}/natGateway.id", "exists", "true")),
        ]
    },
)
_PUBLIC, _ACLS = _field(f"{_STORE}/publicNetworkAccess", "notEquals", "Disabled"), f"{_STORE}/networkAcls"


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
                _type_and(
                    _STORE,
                    {
                        "anyOf": [
                            public,
                            _field(f"{_STORE}/allowSharedKeyAccess", "notEquals", "false"),
                            _field(f"{_STORE}/allowBlobPublicAccess", "notEquals", "false"),
                            *(_admits_others(account, ranges) for account, ranges in named.items()),
                        ]
                    },
                ),
                _type_and(_VAULT, _field(f"{_VAULT}/publicNetworkAccess", "notEquals", "Disabled")),
            ]
        },
        {account: tuple(ranges) for account, ranges in named.items()},
    )


def _admits_others(account: str, ranges: Sequence[str]) -> dict[str, Any]:
    other = {"field": f"{_ACLS}.ipRules[*].value", "notIn": list(ranges)}
    return {
        "allOf": [
            _field("name", "equals", account),
            _PUBLIC,
            {
                "anyOf": [
                    _field(f"{_ACLS}.defaultAction", "notEquals", "Deny"),
                    _has_entry(f"{_ACLS}.virtualNetworkRules[*]"),
                    _has_entry(f"{_ACLS}.ipRules[*]", where=other),
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
        {"allOf": [_field("fullName", "equals", connection), _field(endpoint, "equals", one)]}
        for connection, (one,) in named.items()
    ]
    return Guardrail(
        "connections-stay",
        "Stores and vaults have private endpoints in their own resource group only",
        {
            "anyOf": [
                {"allOf": [*_approves_foreign(_STORE), *([{"not": {"anyOf": permitted}}] if permitted else [])]},
                {"allOf": _approves_foreign(_VAULT)},
            ]
        },
        named,
    )


def _approves_foreign(type_: str) -> list[dict[str, Any]]:
    connection = f"{type_}/privateEndpointConnections"
    return [
        _field("type", "equals", connection),
        _field(f"{connection}/privateLinkServiceConnectionState.status", "equals", "Approved"),
        _field(f"{connection}/privateEndpoint.id", "notLike", _SAME_GROUP),
    ]


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
    for guardrail in (NO_DNAT, BASTION_TRANSFERS_NOTHING, *COMMON_GUARDRAILS, NO_PUBLIC_ADDRESSES)
}
"""Every guardrail, by its key."""
