"""The names that a firewall itself resolves. Facts: docs/azure-facts.md#private-dns-zones-of-a-firewalls-network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from formats.property_paths import find, parse
from local_azure.ids import name_of
from local_azure.model import AzureError, Cloud
from local_azure.store import key_of
from local_azure.types.common import parent_id

_FIREWALL = "azure-native:network:AzureFirewall"
_POLICY = "azure-native:network:FirewallPolicy"
_RULES = "azure-native:network:FirewallPolicyRuleCollectionGroup"
_LINK = "azure-native:privatedns:VirtualNetworkLink"
_NEEDED = (".blob.core.windows.net", ".vaultcore.azure.net", ".azure.com")


def failure(cloud: Cloud, token: str, id_: str, properties: Mapping[str, Any]) -> AzureError | None:
    """Return the error of a write of a firewall or its policy, if a zone hides names that the firewall needs."""
    for network in _networks(cloud, token, id_, properties):
        for link in cloud.of_type(_LINK):
            zone = name_of(parent_id(link.id)).lower()
            linked = key_of(str((link.properties.get("virtualNetwork") or {}).get("id"))) == network
            hides = zone.startswith("privatelink.") and zone.endswith(_NEEDED)
            if linked and hides and link.properties.get("resolutionPolicy") != "NxDomainRedirect":
                return _failed(token, id_, link.id)
    return None


def _networks(cloud: Cloud, token: str, id_: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield the networks of the firewalls that the write configures."""
    if token == _FIREWALL:
        yield from _networks_of(properties)
    elif token in (_POLICY, _RULES):
        for user in cloud.referencing(id_ if token == _POLICY else parent_id(id_)):
            if user.token == _FIREWALL:
                yield from _networks_of(user.properties)


def _networks_of(firewall: Mapping[str, Any]) -> Iterator[str]:
    for _, subnet in find(firewall, parse("ipConfigurations[*].subnet.id")):
        yield key_of(parent_id(str(subnet)))


def _failed(token: str, id_: str, link: str) -> AzureError:
    code = "ResourceDeploymentFailure" if token == _FIREWALL else "FirewallPolicyUpdateFailed"
    text = f"Put on '{name_of(id_)}' failed with a faulted firewall, which cannot resolve names that it needs."
    return AzureError(code, text, status=409, target=link)
