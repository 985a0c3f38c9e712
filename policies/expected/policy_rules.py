"""The format of the Azure Policy rules that every guardrail must equal.

Source: learn.microsoft.com, "Azure Policy definition structure policy rule".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MODE = "All"
"""The mode that evaluates every resource type."""
SAME_GROUP = "[concat(subscription().id, '/resourceGroups/', resourceGroup().name, '/*')]"
"""A pattern for ids in the resource group of the requested resource."""


@dataclass(frozen=True)
class Guardrail:
    """A definition: Azure refuses the requests for which the condition is true, or changes them (`then`)."""

    key: str
    title: str
    condition: Mapping[str, Any]
    named: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The exceptions: addresses by the account that they may reach, or endpoints by the connection."""

    then: Mapping[str, Any] = field(default_factory=lambda: {"effect": "deny"})

    @property
    def policy_rule(self) -> dict[str, Any]:
        """The rule in Azure Policy's format."""
        return {"if": self.condition, "then": self.then}

    @property
    def changes_requests(self) -> bool:
        """True if Azure changes a request instead of refusing it. The assignment must have an identity then."""
        return bool(self.then["effect"] == "modify")


def type_and(type_: str, *conditions: Mapping[str, Any]) -> dict[str, Any]:
    return {"allOf": [{"field": "type", "equals": type_}, *conditions]}


def field_is(name: str, operator: str, value: object) -> dict[str, Any]:
    return {"field": name, operator: value}


def has_entry(entries: str, **where: Mapping[str, Any]) -> dict[str, Any]:
    return {"count": {"field": entries, **where}, "greater": 0}


def none_of(*conditions: Mapping[str, Any]) -> dict[str, Any]:
    return {"not": {"anyOf": list(conditions)}}


def approves_foreign(type_: str) -> list[dict[str, Any]]:
    """Return the conditions: the request approves a private endpoint of another resource group."""
    connection = f"{type_}/privateEndpointConnections"
    return [
        field_is("type", "equals", connection),
        field_is(f"{connection}/privateLinkServiceConnectionState.status", "equals", "Approved"),
        field_is(f"{connection}/privateEndpoint.id", "notLike", SAME_GROUP),
    ]


_INTERFACE, _MACHINE = "Microsoft.Network/networkInterfaces", "Microsoft.Compute/virtualMachines"
_SUBNET, _ENDPOINT = "Microsoft.Network/virtualNetworks/subnets", "Microsoft.Network/privateEndpoints"
_OWN_ADDRESSES = f"{_MACHINE}/networkProfile.networkInterfaceConfigurations[*].ipConfigurations[*]"
PUBLIC_INTERFACES = (
    type_and(
        _INTERFACE,
        has_entry(
            f"{_INTERFACE}/ipconfigurations[*]",
            where=field_is(f"{_INTERFACE}/ipconfigurations[*].publicIpAddress.id", "exists", "true"),
        ),
    ),
    type_and(
        _MACHINE,
        has_entry(_OWN_ADDRESSES, where=field_is(f"{_OWN_ADDRESSES}.publicIPAddressConfiguration", "exists", "true")),
    ),
    type_and(_SUBNET, field_is(f"{_SUBNET}/natGateway.id", "exists", "true")),
)
"""Conditions: a network interface, virtual machine or subnet has a public address."""
ENDPOINTS_ELSEWHERE = type_and(
    _ENDPOINT,
    {
        "anyOf": [
            has_entry(
                f"{_ENDPOINT}/{connections}[*]",
                where=field_is(f"{_ENDPOINT}/{connections}[*].privateLinkServiceId", "notLike", SAME_GROUP),
            )
            for connections in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
        ]
    },
)
"""Condition: a private endpoint connects to a service of another resource group."""
