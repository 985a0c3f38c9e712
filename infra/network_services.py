"""The ports, firewall rule priorities, service tags and private endpoint services that the infrastructure uses.

Sources: learn.microsoft.com, "Azure Private Endpoint private DNS zone values" (group ids and zones), "Azure Firewall
rule processing" (priorities).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from formats.addresses import TenancyKind


class Port(IntEnum):
    """The ports that a rule may open."""

    SSH = 22
    DNS = 53
    HTTP = 80
    HTTPS = 443
    RDP = 3389


BASTION_INTERNAL_PORTS = ("8080", "5701")
"""The ports between the instances of a Bastion (learn.microsoft.com, "Working with NSG access and Bastion")."""


class RuleGroupPriority(IntEnum):
    """The priorities of the firewall policy's rule collection groups, 100 to 65,000. The lowest is evaluated first."""

    NAMES = 100
    """Sign-in by name, and then the denial of every name."""
    SITE_LIMITS = 150
    SITES = 160
    ZONES = 200
    RELEASE = 300
    STAFF = 400
    TENANCIES = 1000
    """The first kind of tenancy; the others follow in steps of 100, in the order of `TenancyKind`."""

    @classmethod
    def of_tenancies(cls, kind: TenancyKind) -> int:
        """Return the priority of a kind of tenancy. It never changes, since kinds are only appended."""
        return cls.TENANCIES + 100 * list(TenancyKind).index(kind)


SIGN_IN_HOSTS = ("login.microsoftonline.com", "pas.windows.net")
"""The hosts of Entra that a sign-in needs, by their exact names (docs/azure-facts.md#hosts-of-a-sign-in). All other
egress is defined by the estate."""
REGISTRATION_HOST = "enterpriseregistration.windows.net"
"""The host at which a Windows desk joins Entra (docs/azure-facts.md#sign-in-of-windows-desks)."""
RESTRICTED_SIGN_IN = SIGN_IN_HOSTS[:1]
"""Those that read the headers of tenant restrictions (docs/azure-facts.md#tenant-restrictions)."""


class PrivateService(StrEnum):
    """A service with private endpoints. The value is Azure's group id (target sub-resource)."""

    BLOB = "blob"
    VAULT = "vault"
    MONITOR = "azuremonitor"
    REGISTRY = "registry"

    @property
    def dns_zones(self) -> tuple[str, ...]:
        """The private DNS zones that resolve its names; none for a service of desks alone, which have its names in a
        file (docs/decisions/0020-names-without-dns-queries.md)."""
        return DNS_ZONES.get(self, ())

    def members(self, region: str) -> tuple[str, ...]:
        """Return Azure's member names of such an endpoint in a region, each with an address; none for a service whose
        members are known after the deployment only."""
        return tuple(member.format(region=region) for member in MEMBERS.get(self, ()))


BLOB_ZONE = "privatelink.blob.core.windows.net"
DNS_ZONES: dict[PrivateService, tuple[str, ...]] = {
    PrivateService.BLOB: (BLOB_ZONE,),
    PrivateService.VAULT: ("privatelink.vaultcore.azure.net",),
    # Five zones in one group, the most that Azure accepts. The blob zone is shared with the storage accounts: two zones
    # of one name would hide each other's records.
    PrivateService.MONITOR: (
        "privatelink.monitor.azure.com",
        "privatelink.oms.opinsights.azure.com",
        "privatelink.ods.opinsights.azure.com",
        "privatelink.agentsvc.azure-automation.net",
        BLOB_ZONE,
    ),
}
MEMBERS = {
    PrivateService.BLOB: ("blob",),
    PrivateService.VAULT: ("default",),
    PrivateService.REGISTRY: ("registry", "registry_data_{region}"),
}
"""The member names of the groups, which Azure requires with static addresses
(docs/azure-facts.md#members-of-group-ids)."""
CELL_DNS_ZONES = tuple(dict.fromkeys(zone for zones in DNS_ZONES.values() for zone in zones))
"""The names of the private DNS zones of a cell, without duplicates."""
