"""The meters of Azure's price list that bill the items of the price book.

Sources of the names: infracost/infracost, `bastion_host.go`, `firewall.go`, `public_ip.go`, `private_endpoint.go`,
`managed_disk.go`, `key_vault_key.go`, `container_registry.go`, `security_center_subscription_pricing.go`. The names of
newer meters (additional Bastion units, IPv4 addresses, global private endpoints, private DNS zones) are those that
several public tools query.
Confidence: not compared with an answer of the API. A wrong name finds no price, and the item stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from operations.prices.book import Unit
from operations.prices.charges import (
    CONTAINER_REGISTRY,
    DISK_LETTERS,
    DISK_TIERS,
    PRIVATE_DNS_ZONE,
    PRIVATE_ENDPOINT,
    disk_item,
    stored_item,
    vm_item,
)

_HOURS: Mapping[str, Unit] = {"1 Hour": "hour", "1/Hour": "hour"}
_DAYS: Mapping[str, Unit] = {"1/Day": "day"}
_MONTHS: Mapping[str, Unit] = {"1/Month": "month"}
_COUNTED: Mapping[str, Unit] = {"1": "month", **_MONTHS}
"""The units of meters that count something once a month."""


@dataclass(frozen=True)
class Meter:
    """A meter, and the query whose answer has it. The names are those of the Retail Prices API."""

    service: str
    names: frozenset[str]
    units: Mapping[str, Unit]
    product: str | None = None
    sku: str | None = None
    arm_sku: str | None = None
    scope: str | None = None
    """The region that the price list names instead of the asked one: `Global`, or empty for none."""
    refused: str | None = None
    """A pattern of products and meters that are other offers, such as Windows and Spot."""

    @property
    def query(self) -> str:
        """The filter of the request, without the region. Meters of one service and product share it."""
        names = (("serviceName", self.service), ("productName", self.product), ("armSkuName", self.arm_sku))
        return " and ".join(f"{name} eq '{value}'" for name, value in names if value)

    def bills(self, *, product: str, sku: str, name: str, arm_sku: str) -> bool:
        """Return True if a row of the answer is of this meter."""
        return (
            (not self.names or name in self.names)
            and self.product in (None, product)
            and self.sku in (None, sku)
            and self.arm_sku in (None, arm_sku)
            and not (self.refused and re.search(self.refused, f"{product}|{sku}|{name}"))
        )


def meters(vm_sizes: Iterable[str]) -> dict[str, Meter]:
    """Return the meters of the items that have one, with those of virtual machines of these sizes."""
    return {
        **_NETWORK,
        **_OTHERS,
        **dict(_disks()),
        **dict(_stored()),
        **{vm_item(size): _vm(size) for size in vm_sizes},
    }


def _one(service: str, name: str, *others: str, **more: str) -> Meter:
    return Meter(service, frozenset((name, *others)), _HOURS, **more)


def _vm(size: str) -> Meter:
    return Meter("Virtual Machines", frozenset(), _HOURS, arm_sku=size,
                 refused=r"Windows|Spot|Low Priority|CloudServices|Cloud Services|Dedicated Host")  # fmt: skip


def _disks() -> Iterable[tuple[str, Meter]]:
    products = {"Premium": "Premium SSD", "StandardSSD": "Standard SSD", "Standard": "Standard HDD"}
    for kind, letter in DISK_LETTERS.items():
        for number in DISK_TIERS:
            for redundancy in ("LRS", "ZRS"):
                tier, sku = f"{letter}{number}", f"{letter}{number} {redundancy}"
                names = frozenset(f"{name} Disk{s}" for name in (tier, sku) for s in ("", "s"))
                product = f"{products[kind]} Managed Disks"
                yield disk_item(f"{kind}_{redundancy}", tier), Meter("Storage", names, _MONTHS, product, sku)


def _stored() -> Iterable[tuple[str, Meter]]:
    for tier in ("hot", "cool", "archive"):
        for redundancy in ("LRS", "GRS"):
            sku = f"{tier.title()} {redundancy}"
            yield (
                stored_item(tier, f"Standard_{redundancy}"),
                Meter("Storage", frozenset({f"{sku} Data Stored"}), {"1 GB/Month": "month"}, "Blob Storage", sku),
            )


_NETWORK = {
    **{
        f"Azure Firewall {tier}": _one("Azure Firewall", f"{tier} Deployment", sku=tier)
        for tier in ("Basic", "Standard", "Premium")
    },
    **{f"Bastion {sku}": _one("Azure Bastion", f"{sku} Gateway", sku=sku) for sku in ("Basic", "Standard", "Premium")},
    **{
        f"Bastion {sku} additional scale unit": _one("Azure Bastion", f"{sku} Additional Gateway", sku=sku)
        for sku in ("Standard", "Premium")
    },
    "Public IP address Standard IPv4": _one(
        "Virtual Network", "Standard IPv4 Static Public IP", "Standard Static Public IP",
        product="IP Addresses", sku="Standard",
    ),
    **{f"VPN gateway {sku}": _one("VPN Gateway", sku) for sku in ("VpnGw1AZ", "VpnGw2AZ")},
    **{f"ExpressRoute gateway {sku}": _one("ExpressRoute", f"{sku} Gateway") for sku in ("ErGw1AZ", "ErGw2AZ")},
    PRIVATE_ENDPOINT: _one(
        "Virtual Network", "Standard Private Endpoint", product="Virtual Network Private Link", scope="Global"
    ),
}  # fmt: skip
_OTHERS = {
    PRIVATE_DNS_ZONE: Meter("Azure DNS", frozenset({"Private Zone"}), _COUNTED, "Azure DNS", scope=""),
    f"{CONTAINER_REGISTRY} Premium": Meter(
        "Container Registry", frozenset({"Premium Registry Unit"}), _DAYS, "Container Registry", "Premium"
    ),
    "Key in hardware, RSA 2048": Meter(
        "Key Vault", frozenset({"Premium HSM-protected RSA 2048-bit key"}), _COUNTED, "Key Vault", "Premium"
    ),
    "Key in hardware, other than RSA 2048": Meter(
        "Key Vault", frozenset({"Premium HSM-protected Advanced Key"}), _COUNTED, "Key Vault", "Premium"
    ),
    "Defender for Storage, for one account": Meter(
        "Advanced Threat Protection", frozenset({"Standard Node"}), _HOURS, "Microsoft Defender for Storage"
    ),
}
