"""The charges of a resource that Azure bills while nobody uses it, from its type and inputs.

A charge names an item of the price book. An item that the book lacks has an unknown price. So has a resource of a type
that these tables do not have: its item is its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from formats.arm.arm_ids import NON_AZURE_PREFIXES
from formats.plan import SECRET, UNKNOWN

Inputs = Mapping[str, Any]
UNREADABLE = "of unknown size or kind"
_PLACEHOLDERS = (UNKNOWN, SECRET)
_PREFIX = "azure-native:"
_API_VERSION = re.compile(r"/v\d{8}(preview)?:")
"""The version in the token of a type of an older API."""
_INCLUDED_SCALE_UNITS = 2
"""The scale units that the price of a Bastion host includes (Azure Bastion, "About Bastion configuration settings")."""

DISK_SIZES = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767)
"""The largest size in GiB of each tier of managed disks ("Understand Azure Disk Storage billing")."""
DISK_TIERS = (1, 2, 3, 4, 6, 10, 15, 20, 30, 40, 50, 60, 70, 80)
"""The numbers of those tiers: P30 is a premium disk of up to 1,024 GiB."""
DISK_LETTERS = {"Premium": "P", "StandardSSD": "E", "Standard": "S"}
_FIRST_HDD_TIER = 4
"""A standard HDD of any smaller size is billed as S4."""


@dataclass(frozen=True)
class Charge:
    """A number of one item."""

    item: str
    quantity: Decimal = Decimal(1)


def charges_of(type_: str, inputs: Inputs) -> tuple[Charge, ...]:
    """Return the charges of a resource with these inputs that do not depend on its use."""
    token = _token(type_)
    if token in FREE or token.startswith(NON_AZURE_PREFIXES):
        return ()
    if token in _PRICED:
        return tuple(_PRICED[token](inputs))
    return () if token in USAGE else (Charge(token),)


def usage_of(type_: str) -> str | None:
    """Return the use of a resource that Azure bills, which an idle price does not include."""
    return USAGE.get(_token(type_))


def _token(type_: str) -> str:
    return _API_VERSION.sub(":", type_)


def disk_item(sku: str, tier: str) -> str:
    """Return the item of a managed disk: its SKU, such as Premium_LRS, and its tier, such as P10."""
    return f"Disk {tier} {sku}"


def vm_item(size: str, variant: str = "") -> str:
    """Return the item of a virtual machine with Linux, or of another variant of its price."""
    return f"VM {size}{variant}"


def stored_item(tier: str, sku: str) -> str:
    """Return the item of a GB that is stored a month in an access tier, such as `hot`, of a store of this SKU."""
    return f"GB in the {tier} tier, {sku}"


def disk_tier(sku: str, gib: int) -> str | None:
    """Return the tier that Azure bills for a disk of this SKU and size, or None for SKUs that are billed otherwise."""
    letter = DISK_LETTERS.get(sku.partition("_")[0])
    if letter is None or not 0 < gib <= DISK_SIZES[-1]:
        return None
    number = next(tier for tier, size in zip(DISK_TIERS, DISK_SIZES, strict=True) if gib <= size)
    return f"{letter}{max(number, _FIRST_HDD_TIER) if letter == 'S' else number}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value and value not in _PLACEHOLDERS else UNREADABLE


def _map(value: Any) -> Inputs:
    return value if isinstance(value, Mapping) else {}


def _whole(value: Any) -> int | None:
    """Return a whole number; the Pulumi CLI gives all numbers as floats."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def _firewall(inputs: Inputs) -> Iterator[Charge]:
    sku = _map(inputs.get("sku"))
    hub = " in a virtual hub" if sku.get("name") == "AZFW_Hub" else ""
    yield Charge(f"Azure Firewall {_text(sku.get('tier', 'Standard'))}{hub}")


def _bastion(inputs: Inputs) -> Iterator[Charge]:
    sku = _text(_map(inputs.get("sku")).get("name"))
    if sku == "Developer":
        return
    yield Charge(f"Bastion {sku}")
    units = _whole(inputs.get("scaleUnits", _INCLUDED_SCALE_UNITS))
    if units is None:
        yield Charge(f"Bastion {sku} additional scale units {UNREADABLE}")
    elif units > _INCLUDED_SCALE_UNITS:
        yield Charge(f"Bastion {sku} additional scale unit", Decimal(units - _INCLUDED_SCALE_UNITS))


def _public_ip(inputs: Inputs) -> Iterator[Charge]:
    sku = _map(inputs.get("sku"))
    version = _text(inputs.get("publicIPAddressVersion", "IPv4"))
    tier = "" if sku.get("tier", "Regional") == "Regional" else f" {_text(sku.get('tier'))}"
    yield Charge(f"Public IP address {_text(sku.get('name'))}{tier} {version}")
    if _map(inputs.get("ddosSettings")).get("protectionMode") == "Enabled":
        yield Charge("DDoS IP protection")


def _gateway(inputs: Inputs) -> Iterator[Charge]:
    """A VPN gateway's price includes its first ten tunnels ("VPN Gateway pricing"), and an estate has ten sites."""
    kinds = {"Vpn": "VPN gateway", "ExpressRoute": "ExpressRoute gateway"}
    kind = kinds.get(_text(inputs.get("gatewayType")), f"Virtual network gateway {UNREADABLE}")
    yield Charge(f"{kind} {_text(_map(inputs.get('sku')).get('name'))}")


def _key(inputs: Inputs) -> Iterator[Charge]:
    """Azure bills each version in hardware that was used in the last 30 days. One version is in use, apart from
    rotations. Keys in software are billed by operation."""
    properties = _map(inputs.get("properties"))
    kind = _text(properties.get("kty"))
    if kind == UNREADABLE:
        yield Charge(f"Key {UNREADABLE}")
    elif kind.endswith("-HSM"):
        simple = kind == "RSA-HSM" and _whole(properties.get("keySize", 2048)) == 2048
        yield Charge("Key in hardware, RSA 2048" if simple else "Key in hardware, other than RSA 2048")


def _disk(sku: Any, size: Any, tier: Any = None) -> Iterator[Charge]:
    name, gib = _text(sku), _whole(size)
    billed = tier if isinstance(tier, str) and tier not in _PLACEHOLDERS else gib and disk_tier(name, gib)
    if tier in _PLACEHOLDERS or not billed:
        yield Charge(f"Disk {name} {f'{gib:,} GiB' if gib else UNREADABLE}")
    else:
        yield Charge(disk_item(name, str(billed)))


def _managed_disk(inputs: Inputs) -> Iterator[Charge]:
    yield from _disk(_map(inputs.get("sku")).get("name"), inputs.get("diskSizeGB"), inputs.get("tier"))
    mounts = inputs.get("maxShares", 1)
    if mounts != 1:
        yield Charge("Shared disk: additional mounts")
    if inputs.get("burstingEnabled") not in (None, False):
        yield Charge("Disk: on-demand bursting")


def _vm(inputs: Inputs) -> Iterator[Charge]:
    storage = _map(inputs.get("storageProfile"))
    system = _map(storage.get("osDisk"))
    priority = inputs.get("priority", "Regular")
    software, size = _software(inputs), _text(_map(inputs.get("hardwareProfile")).get("vmSize"))
    other = "" if priority == "Regular" else f" {_text(priority)}"
    is_windows = software == WINDOWS
    yield Charge(vm_item(size, other if is_windows else software + other))
    if is_windows:
        yield Charge(f"{WINDOWS_LICENCE} {size}")
    if "plan" in inputs:
        yield Charge("Image with a plan of the Azure Marketplace")
    data = storage.get("dataDisks") or []
    if not isinstance(data, list):
        yield Charge(f"Disk {UNREADABLE}")
        data = []
    for disk in [system, *map(_map, data)]:
        if disk.get("createOption") != "Attach":  # an attached disk is a resource of its own
            yield from _disk(_map(disk.get("managedDisk")).get("storageAccountType"), disk.get("diskSizeGB"))


WINDOWS = " Windows"
WINDOWS_LICENCE = "VM licence of Windows Server for"
"""Begins the item of the licence: Azure's price for a size with Windows is higher than that with Linux by it, while the
virtual machine runs. It begins as the items of virtual machines do, which a deallocated one does not cost."""


def _software(inputs: Inputs) -> str:
    """Return the software that is billed with a virtual machine, as a suffix of its item; empty for free Linux."""
    if str(inputs.get("licenseType", "None")) != "None":
        return ""  # a licence that the organisation has: Azure bills the machine as one with free Linux
    storage = _map(inputs.get("storageProfile"))
    image = _map(storage.get("imageReference"))
    publisher = str(image.get("publisher", ""))
    windows = _map(storage.get("osDisk")).get("osType") == "Windows" or "windowsConfiguration" in _map(
        inputs.get("osProfile")
    )
    if windows or publisher.lower().startswith("microsoftwindows"):
        return WINDOWS
    if _UBUNTU_PRO.search(f"{image.get('offer', '')}-{image.get('sku', '')}"):
        return " Ubuntu Pro"
    return "" if publisher.lower() in _FREE_PUBLISHERS else f" with an image of {publisher}"


_FREE_PUBLISHERS = ("", "canonical", "debian")
"""Publishers of images without a charge of their own. An image of the organisation's gallery names none."""
_UBUNTU_PRO = re.compile(r"(^|[-_])pro([-_]|$)")


def _workspace(inputs: Inputs) -> Iterator[Charge]:
    sku = _map(inputs.get("sku"))
    name = _text(sku.get("name", "PerGB2018"))
    if name not in ("PerGB2018", "Free"):
        yield Charge(f"Log Analytics workspace {name} {sku.get('capacityReservationLevel', '')}".strip())


def _defender_for_storage(inputs: Inputs) -> Iterator[Charge]:
    enabled = _map(inputs.get("properties")).get("isEnabled")
    if enabled is not False:
        yield Charge("Defender for Storage, for one account")


def _storage_account(inputs: Inputs) -> Iterator[Charge]:
    if inputs.get("isSftpEnabled") not in (None, False):
        yield Charge("SFTP endpoint of a storage account")


def _one(item: str) -> Callable[[Inputs], Iterator[Charge]]:
    return lambda _: iter((Charge(item),))


def _registry(inputs: Inputs) -> Iterator[Charge]:
    yield Charge(f"{CONTAINER_REGISTRY} {_text(_map(inputs.get('sku')).get('name'))}")


CONTAINER_REGISTRY = "Container registry"
PRIVATE_ENDPOINT = "Private endpoint"
PRIVATE_DNS_ZONE = "Private DNS zone"

_PRICED: Mapping[str, Callable[[Inputs], Iterator[Charge]]] = {
    _PREFIX + type_: function
    for type_, function in {
        "compute:Disk": _managed_disk,
        "compute:VirtualMachine": _vm,
        "containerregistry:Registry": _registry,
        "keyvault:Key": _key,
        "network:AzureFirewall": _firewall,
        "network:BastionHost": _bastion,
        "network:DdosProtectionPlan": _one("DDoS protection plan"),
        "network:NatGateway": _one("NAT gateway"),
        "network:PrivateEndpoint": _one(PRIVATE_ENDPOINT),
        "network:PublicIPAddress": _public_ip,
        "network:VirtualNetworkGateway": _gateway,
        "operationalinsights:Workspace": _workspace,
        "privatedns:PrivateZone": _one(PRIVATE_DNS_ZONE),
        "security:DefenderForStorage": _defender_for_storage,
        "storage:StorageAccount": _storage_account,
    }.items()
}
"""The charges by type. A type may be billed by use as well."""

USAGE: Mapping[str, str] = {
    _PREFIX + type_: use
    for type_, use in {
        "containerregistry:Registry": "stored images beyond 500 GB",
        "dataprotection:BackupVault": "stored backups",
        "dnsresolver:DnsResolverPolicyVirtualNetworkLink": "DNS queries",
        "eventgrid:EventSubscription": "events",
        "eventgrid:SystemTopic": "events",
        "eventgrid:SystemTopicEventSubscription": "events",
        "keyvault:Secret": "operations on keys and secrets",
        "keyvault:Vault": "operations on keys and secrets",
        "monitor:ActionGroup": "notifications",
        "monitor:DataCollectionEndpoint": "ingested logs",
        "monitor:DataCollectionRule": "ingested logs",
        "monitor:DiagnosticSetting": "ingested logs",
        "monitor:SubscriptionDiagnosticSetting": "ingested logs",
        "network:AzureFirewall": "network traffic",
        "network:BastionHost": "network traffic",
        "network:FlowLog": "network traffic",
        "network:NatGateway": "network traffic",
        "network:PrivateEndpoint": "network traffic",
        "network:VirtualNetworkGateway": "network traffic",
        "network:VirtualNetworkPeering": "network traffic",
        "operationalinsights:Workspace": "ingested logs",
        "privatedns:PrivateZone": "DNS queries",
        "security:DefenderForStorage": "malware scans",
        "storage:StorageAccount": "stored data and its operations",
    }.items()
}
"""The use that Azure bills, by type."""

FREE = frozenset(
    _PREFIX + type_
    for type_ in (
        "authorization:ManagementLock", "authorization:ManagementLockByScope", "authorization:PolicyAssignment",
        "authorization:PolicyDefinition", "authorization:RoleAssignment", "authorization:RoleDefinition",
        "compute:DiskAccess",
        "compute:DiskEncryptionSet", "compute:SshPublicKey", "compute:VirtualMachineExtension", "consumption:Budget",
        "devtestlab:GlobalSchedule",
        "dnsresolver:DnsResolverDomainList", "dnsresolver:DnsResolverPolicy", "dnsresolver:DnsSecurityRule",
        "managedidentity:FederatedIdentityCredential", "managedidentity:UserAssignedIdentity",
        "monitor:DataCollectionRuleAssociation", "monitor:PrivateLinkScope", "monitor:PrivateLinkScopedResource",
        "network:FirewallPolicy", "network:FirewallPolicyRuleCollectionGroup", "network:IpGroup",
        "network:LocalNetworkGateway", "network:NetworkInterface",
        "network:NetworkSecurityGroup", "network:NetworkWatcher", "network:PrivateDnsZoneGroup", "network:Route",
        "network:RouteTable", "network:SecurityRule", "network:Subnet", "network:VirtualNetwork",
        "network:VirtualNetworkGatewayConnection",
        "privatedns:PrivateRecordSet", "privatedns:VirtualNetworkLink", "resources:ResourceGroup",
        "storage:BlobContainer", "storage:BlobContainerImmutabilityPolicy", "storage:BlobServiceProperties",
        "storage:FileServiceProperties", "storage:ManagementPolicy", "storage:PrivateEndpointConnection",
        "storage:Queue", "storage:QueueServiceProperties",
        "storage:Table", "storage:TableServiceProperties",
    )
)  # fmt: skip
"""Types that Azure does not bill by themselves."""
