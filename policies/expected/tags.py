"""The tags of every stack, and the further ones that single types may have.

Sources, learn.microsoft.com: "About Azure Key Vault keys", "Use tags to organize your Azure resources": limitations.
"""

from __future__ import annotations

from collections.abc import Mapping

STACK_TAGS = frozenset({"project", "request", "controller", "data-class", "expiry", "organisation", "cost-centre"})
"""The tags that every stack has; an estate may add its own."""
FURTHER_TAGS: Mapping[str, frozenset[str]] = {
    "network:RouteTable": frozenset({"propagated"}),
    "network:VirtualNetwork": frozenset({"unencrypted"}),
    "storage:StorageAccount": frozenset({"trusted-services", "public-access"}),
}
"""The tags, by type, with the written reason for a weaker setting."""
LIMITED_TYPES = frozenset({"keyvault:Secret", "privatedns:PrivateZone", "privatedns:VirtualNetworkLink"})
MAX_LIMITED_TAGS = 15
"""The most tags of these types. Other types take 50."""
