"""Every role, port, priority and private service that the infrastructure uses, each in one place.

Sources: learn.microsoft.com, "Azure built-in roles" (the GUIDs are the same in every tenant), "Azure Private Endpoint
private DNS zone values" (group ids and zones), "Azure Firewall rule processing" (priorities).
"""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum
from uuid import UUID

from infra.addresses import TenancyKind


class Role(Enum):
    """Azure's built-in roles that may be granted here. Owner, Contributor and their kin are absent on purpose."""

    READER = UUID("acdd72a7-3385-48ef-bd42-f606fba81ae7")
    LOG_READER = UUID("73c42c96-874c-492b-b04d-ab87d138a893")
    """Log Analytics Reader: searches all logs, changes nothing."""
    BLOB_READER = UUID("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1")
    """Storage Blob Data Reader."""
    BLOB_WRITER = UUID("ba92f5b4-2d11-453d-a403-e96b0029c9fe")
    """Storage Blob Data Contributor: reads, writes and deletes blobs; gives no right over the account."""
    VAULT_READER = UUID("21090545-7ca7-4776-b22c-e363652d74d2")
    """Key Vault Reader: sees what there is, never a secret's or a key's content."""
    SECRETS_USER = UUID("4633458b-17de-408a-b874-0445c86b69e6")
    """Key Vault Secrets User: reads the content of secrets."""
    ENCRYPTS = UUID("e147488a-f6f5-4113-8e2d-b22465e65bf6")
    """Key Vault Crypto Service Encryption User: what a service needs to wrap its own keys, and no more."""
    RELEASES_KEYS = UUID("08bbd89e-9f13-488c-ac41-acfcb10c90ab")
    """Key Vault Crypto Service Release User: what the confidential computing service needs, for attested computers."""
    DESK_USER = UUID("fb879df8-f326-4884-b1cf-06f3ad86be52")
    """Virtual Machine User Login: signs in with Entra, without administrator's rights."""

    def definition(self, subscription: object) -> str:
        """The role's id as Azure gives it back for an assignment in that subscription."""
        return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{self.value}"


class Port(IntEnum):
    """Ports that a rule may open."""

    SSH = 22
    DNS = 53
    HTTP = 80
    HTTPS = 443
    RDP = 3389


BASTION_INTERNAL = ("8080", "5701")
"""What the instances of a Bastion use among themselves (learn.microsoft.com, "Working with NSG access and Bastion")."""


class RuleGroup(IntEnum):
    """Priorities of the firewall policy's rule collection groups, 100 to 65,000; the lower acts first."""

    NAMES = 100
    ZONES = 200
    RELEASE = 300
    TENANCIES = 1000
    """The first kind of tenancy's; the others follow in steps of 100, in the order of `TenancyKind`."""

    @classmethod
    def of_kind(cls, kind: TenancyKind) -> int:
        """The priority of a kind of tenancy: its own for ever, since kinds are only appended."""
        return cls.TENANCIES + 100 * list(TenancyKind).index(kind)


ENTRA = "AzureActiveDirectory"
"""Azure's service tag for Entra, which every desk needs to sign people in (learn.microsoft.com, "Sign in to a Linux
virtual machine in Azure by using Microsoft Entra ID", network requirements). All else is the estate's to permit."""


class PrivateService(StrEnum):
    """What a private endpoint stands for: Azure's group id."""

    BLOB = "blob"
    VAULT = "vault"
    MONITOR = "azuremonitor"

    @property
    def zones(self) -> tuple[str, ...]:
        """The private DNS zones that answer for it."""
        return PRIVATE_ZONES[self]

    @property
    def member(self) -> str | None:
        """What Azure calls the one address that an endpoint of this kind has; None where it has several."""
        return MEMBERS.get(self)


BLOB_ZONE = "privatelink.blob.core.windows.net"
PRIVATE_ZONES: dict[PrivateService, tuple[str, ...]] = {
    PrivateService.BLOB: (BLOB_ZONE,),
    PrivateService.VAULT: ("privatelink.vaultcore.azure.net",),
    # Five zones in one group, which is also the most that Azure accepts. The blob zone is the storage accounts' own:
    # two zones of one name would hide each other's records.
    PrivateService.MONITOR: (
        "privatelink.monitor.azure.com",
        "privatelink.oms.opinsights.azure.com",
        "privatelink.ods.opinsights.azure.com",
        "privatelink.agentsvc.azure-automation.net",
        BLOB_ZONE,
    ),
}
MEMBERS = {PrivateService.BLOB: "blob", PrivateService.VAULT: "default"}
"""The member names of a group, without which Azure takes no chosen address (for a vault's:
Azure/terraform-azurerm-avm-res-keyvault-vault issue 108; a storage group's is its own)."""
ALL_ZONES = tuple(dict.fromkeys(zone for zones in PRIVATE_ZONES.values() for zone in zones))
"""Every private DNS zone of a cell, once."""
