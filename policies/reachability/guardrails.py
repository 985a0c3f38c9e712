"""Guardrails as controls: what Azure Policy denies in a resource group or subscription, whatever a resource has.

A guardrail is a control of its own: it fails only if its policy assignment is removed, or an Azure Policy exemption is
created.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network

from policies.azure_semantics import ids
from policies.azure_semantics.guardrails import (
    addresses_permitted_to,
    assignment_in_force,
    has_permitted_connection,
)
from policies.azure_semantics.public_addresses import narrow_range
from policies.expected.subscription_guardrails import subscription_guardrails
from policies.model import PolicyContext, Resource, Unknown
from policies.reachability.control_sets import ALWAYS, ControlKind, ControlRegistry, ControlSets

DENIED: Mapping[str, str] = {
    "no-translation": "DNAT rules of a firewall",
    "names-stay": "application rules of a firewall for other names than sign-in",
    "bastion-carries-nothing": "Bastion features other than the session",
    "endpoints-stay": "private endpoints to resources of other resource groups",
    "connections-stay": "private endpoints of other resource groups at stores and vaults",
    "no-public-addresses": "public addresses and DNS zones",
    "stores-stay-closed": "storage accounts with public network access or shared keys",
    "groups-stay": "resources outside the estate's resource groups",
    "types-stay": "resource types that the estate does not use",
    "rights-stay": "roles that administer, exemptions and custom roles",
    "logs-stay": "logs and events that are sent elsewhere",
    "disks-stay": "copies, exports and foreign attachments of disks",
    "disks-close": "disks that can be exported",
    "code-stays": "code that a request runs on a virtual machine",
    "networks-stay": "peerings with other networks, service endpoints and public addresses",
    "registries-stay-closed": "open container registries, their passwords and exports, and connections of others",
    "copies-stay": "open storage accounts and key vaults, and copies to other tenants",
}
"""The denied configurations, by the guardrail's key."""
OF_SUBSCRIPTIONS = frozenset(guardrail.key for guardrail in subscription_guardrails(""))
"""The guardrails that are assigned to a subscription: one change takes them from all of its resource groups."""


class Guardrails:
    """The guardrails of an estate's resource groups."""

    def __init__(self, estate: PolicyContext, registry: ControlRegistry) -> None:
        self.estate, self.registry = estate, registry
        self._known: dict[tuple[str, str], ControlSets] = {}

    def of(self, key: str, id_: str) -> ControlSets:
        """Return the control sets of a guardrail for a resource, group or subscription; `ALWAYS` if not in force."""
        group = ids.subscription(id_) if key in OF_SUBSCRIPTIONS else ids.resource_group(id_)
        if (key, group) not in self._known:
            self._known[key, group] = self._of(key, group)
        return self._known[key, group]

    def addresses_permitted_to(self, account: Resource) -> tuple[IPv4Network, ...]:
        """Return the public addresses that Azure Policy permits in the network rules of an account; none if it permits
        no public network access, or if one of them is a network."""
        try:
            found = [narrow_range(text) for text in addresses_permitted_to(account, self.estate)]
        except Unknown:
            return ()
        known = tuple(range_ for range_ in found if range_)
        return known if len(known) == len(found) else ()

    def has_permitted_connection(self, account: Resource) -> bool:
        """True if Azure Policy permits a private endpoint outside the resource group of an account."""
        try:
            return has_permitted_connection(account, self.estate)
        except Unknown:
            return False

    def _of(self, key: str, group: str) -> ControlSets:
        if not group or not self._holds(key, group):
            return ALWAYS
        description = f"Azure Policy denies {DENIED[key]} in {ids.name(group)}"
        return self.registry.requiring_property(ControlKind.GUARDRAIL, group, key, description)

    def _holds(self, key: str, group: str) -> bool:
        try:
            return assignment_in_force(self.estate, group, key) is not None
        except Unknown:
            return False  # an unknown assignment is not counted as a control
