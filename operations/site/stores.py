"""Stores of a stack with their tiers and protection, and its keys with what each of them encrypts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from formats.plan import Plan
from operations.diffs.text import plural
from operations.site.resources import Deployed, deployed, items, joined, of_types, value_at, whole

REDUNDANCIES: Mapping[str, str] = {
    "LRS": "locally redundant (LRS)",
    "ZRS": "zone-redundant (ZRS)",
    "GRS": "geo-redundant (GRS)",
    "GZRS": "geo-zone-redundant (GZRS)",
    "RAGRS": "geo-redundant, readable in the paired region (RA-GRS)",
    "RAGZRS": "geo-zone-redundant, readable in the paired region (RA-GZRS)",
}
"""The redundancies of storage accounts in words (docs/azure-facts.md#account-kinds-and-skus)."""
_TIERS = {"tierToCool": "cool", "tierToCold": "cold", "tierToArchive": "archive", "delete": "deleted"}
_KEY_PATH = re.compile(r"/keys/(?P<name>[A-Za-z0-9-]+)(/(?P<version>[0-9a-f]+))?/?")
_NO_KEYS = ("authorization:", "network:", "monitor:", "dnsresolver:", "keyvault:", "privatedns:")
"""The beginnings of types that no key encrypts."""
_DURATION = re.compile(r"P(?P<number>\d+)(?P<unit>[DMY])")
_UNITS = {"D": "day", "M": "month", "Y": "year"}
Key = tuple[str, str]
"""The host of a vault, and the name of a key in it."""


@dataclass(frozen=True)
class ContainerRow:
    """A container of a store."""

    name: str
    immutable: str
    """For how long a blob cannot be changed or deleted; empty: no such policy."""


@dataclass(frozen=True)
class StoreRow:
    """A storage account."""

    name: str
    azure_name: str
    data_class: str
    redundancy: str
    tier: str
    """The tier in which blobs begin."""
    containers: tuple[ContainerRow, ...]
    lifecycle: tuple[str, ...]
    """What becomes of blobs, a line for each rule."""
    recovery: tuple[str, ...]
    """For how long a deleted blob can be restored, and whether versions are kept."""
    network: str
    key: str
    """The name of its key and the vault; empty: a key of Microsoft's."""


@dataclass(frozen=True)
class KeyRow:
    """A key in a vault."""

    vault: str
    name: str
    kind: str
    rotation: str
    encrypts: tuple[str, ...]
    """What uses it, each with its stack if that is another."""


@dataclass(frozen=True)
class VaultRow:
    """A key vault."""

    name: str
    azure_name: str
    sku: str
    network: str
    recovery: str
    secrets: tuple[str, ...]
    """The names of its secrets, each with its expiry."""


def store_rows(plan: Plan) -> Sequence[StoreRow]:
    """Return the storage accounts of a stack."""
    parts = _Parts(plan)
    return [parts.row(account) for account in of_types(plan, "storage:StorageAccount")]


class _Parts:
    """The resources of a stack's storage accounts, by the account's name."""

    def __init__(self, plan: Plan) -> None:
        self._of: dict[tuple[str, str], list[Deployed]] = {}
        for one in deployed(plan):
            if one.type.startswith("storage:"):
                self._of.setdefault((one.type, one.text("accountName")), []).append(one)

    def row(self, account: Deployed) -> StoreRow:
        """Return the row of an account."""
        name, sku = account.text("accountName"), account.text("sku.name")
        code = sku.rpartition("_")[2]
        services = self._of.get(("storage:BlobServiceProperties", name), [])
        key = key_of(account.inputs)
        return StoreRow(
            account.name,
            account.azure_name,
            account.data_class,
            REDUNDANCIES.get(code, sku or "not stated"),
            account.text("accessTier") or "not stated",
            tuple(self._containers(name)),
            tuple(self._lifecycle(name)),
            tuple(line for one in services for line in _recovery(one)),
            network_of(account),
            f"{key[1]} in {key[0].partition('.')[0]}" if key else "",
        )

    def _containers(self, account: str) -> Iterator[ContainerRow]:
        policies = {one.text("containerName"): one
                    for one in self._of.get(("storage:BlobContainerImmutabilityPolicy", account), [])}  # fmt: skip
        for one in self._of.get(("storage:BlobContainer", account), []):
            name = one.text("containerName") or one.azure_name
            policy = policies.get(name)
            days = whole(policy.at("immutabilityPeriodSinceCreationInDays")) if policy else None
            yield ContainerRow(name, plural(days, "day") if days else "")

    def _lifecycle(self, account: str) -> Iterator[str]:
        for policy in self._of.get(("storage:ManagementPolicy", account), []):
            for rule in items(policy.at("policy.rules")):
                if value_at(rule, "enabled") is not False:
                    yield from _actions(value_at(rule, "definition.actions"))


def _actions(actions: Any) -> Iterator[str]:
    """Yield what becomes of blobs, versions and snapshots: of those with the same fate together."""
    found: dict[str, list[str]] = {}
    for part, noun in (("baseBlob", "blobs"), ("version", "earlier versions"), ("snapshot", "snapshots")):
        after = [
            f"{word} after {plural(days, 'day')}"
            for action, word in _TIERS.items()
            if (days := _days(value_at(actions, f"{part}.{action}"))) is not None
        ]
        if after:
            found.setdefault(", ".join(after), []).append(noun)
    yield from (f"{' and '.join(nouns)}: {after}" for after, nouns in found.items())


def _days(action: Any) -> int | None:
    values = action.values() if isinstance(action, Mapping) else ()
    return next((days for value in values if (days := whole(value)) is not None), None)


def _recovery(service: Deployed) -> Iterator[str]:
    for path, noun in (
        ("deleteRetentionPolicy", "deleted blobs"),
        ("containerDeleteRetentionPolicy", "deleted containers"),
    ):
        days = whole(service.at(f"{path}.days"))
        if service.at(f"{path}.enabled") is True and days:
            yield f"{noun} can be restored for {plural(days, 'day')}"
    if service.at("isVersioningEnabled") is True:
        yield "earlier versions are kept"


def network_of(resource: Deployed) -> str:
    """Return from where a store, vault or registry can be reached."""
    rules = "networkRuleSet" if resource.at("networkRuleSet") is not None else "networkAcls"
    prefix = "properties." if resource.type.startswith("keyvault:") else ""
    if resource.text(f"{prefix}publicNetworkAccess").lower() == "disabled":
        return "private endpoints only"
    default = resource.text(f"{prefix}{rules}.defaultAction").lower()
    if default != "deny":
        return "any network"
    addresses = [
        text
        for rule in items(resource.at(f"{prefix}{rules}.ipRules"))
        if (text := value_at(rule, "iPAddressOrRange") or value_at(rule, "value"))
    ]
    return f"private endpoints, and {joined(addresses)}" if addresses else "private endpoints only"


def uses_of_keys(plans: Iterable[Plan]) -> Mapping[Key, Sequence[Deployed]]:
    """Return what each key encrypts, in the whole estate."""
    found: dict[Key, list[Deployed]] = {}
    for plan in plans:
        for one in deployed(plan):
            if not one.type.startswith(_NO_KEYS) and (key := key_of(one.inputs)):
                found.setdefault(key, []).append(one)
    return found


def key_of(value: Any) -> Key | None:
    """Return the key that a resource's inputs name for encryption."""
    if isinstance(value, Mapping):
        host, name = value.get("keyVaultUri"), value.get("keyName")
        if isinstance(host, str) and isinstance(name, str):
            return urlsplit(host).netloc.lower(), name.lower()
        return next((key for one in value.values() if (key := key_of(one))), None)
    if isinstance(value, list | tuple):
        return next((key for one in value if (key := key_of(one))), None)
    if isinstance(value, str) and value.startswith("https://") and ".vault." in value:
        parts = urlsplit(value)
        found = _KEY_PATH.fullmatch(parts.path)
        return (parts.netloc.lower(), found["name"].lower()) if found else None
    return None


def key_rows(plan: Plan, uses: Mapping[Key, Sequence[Deployed]]) -> Sequence[KeyRow]:
    """Return the keys of a stack. `uses`: of the whole estate."""
    return [_key_row(key, uses) for key in of_types(plan, "keyvault:Key")]


def _key_row(key: Deployed, uses: Mapping[Key, Sequence[Deployed]]) -> KeyRow:
    vault, name = key.text("vaultName"), key.text("keyName") or key.azure_name
    using = [
        used
        for (host, of), found in uses.items()
        if (host.partition(".")[0], of) == (vault.lower(), name.lower())
        for used in found
    ]
    size = whole(key.at("properties.keySize"))
    kind = " ".join(filter(None, [key.text("properties.kty"), str(size) if size else key.text("properties.curveName")]))
    return KeyRow(vault, name, kind, rotation_of(key), tuple(_used(one, key.stack) for one in using))


def _used(one: Deployed, stack: str) -> str:
    version = version_of(one.inputs)
    where, of = f" of {one.stack}" if one.stack != stack else "", f", by version {version}" if version else ""
    return f"{one.kind} {one.name}{where}{of}"


def version_of(value: Any) -> str:
    """Return the version of the key that a resource's inputs name; empty if they name the key alone."""
    if isinstance(value, Mapping):
        return next((found for one in value.values() if (found := version_of(one))), "")
    if isinstance(value, list | tuple):
        return next((found for one in value if (found := version_of(one))), "")
    if isinstance(value, str) and value.startswith("https://") and ".vault." in value:
        path = _KEY_PATH.fullmatch(urlsplit(value).path)
        return (path["version"] or "") if path else ""
    return ""


def rotation_of(key: Deployed) -> str:
    """Return when a key is rotated and when a version of it expires, in words."""
    policy = key.at("properties.rotationPolicy")
    parts = []
    for action in items(value_at(policy, "lifetimeActions")):
        if str(value_at(action, "action.type")).lower() == "rotate":
            after, before = value_at(action, "trigger.timeAfterCreate"), value_at(action, "trigger.timeBeforeExpiry")
            parts.append(f"rotated after {duration(after)}" if after else f"rotated {duration(before)} before its end")
    end = value_at(policy, "attributes.expiryTime")
    if end:
        parts.append(f"a version ends after {duration(end)}")
    return ", ".join(parts) or "no rotation policy"


def duration(text: Any) -> str:
    """Return an ISO 8601 duration of one unit in words; others as they are."""
    found = _DURATION.fullmatch(str(text))
    return plural(int(found["number"]), _UNITS[found["unit"]]) if found else str(text)


def vault_rows(plan: Plan) -> Sequence[VaultRow]:
    """Return the key vaults of a stack."""
    secrets: dict[str, list[str]] = {}
    for secret in of_types(plan, "keyvault:Secret"):
        secrets.setdefault(secret.text("vaultName"), []).append(secret.text("secretName") or secret.name)
    return [
        VaultRow(
            vault.name,
            vault.azure_name,
            vault.text("properties.sku.name"),
            network_of(vault),
            _purge_protection(vault),
            tuple(secrets.get(vault.text("vaultName"), ())),
        )
        for vault in of_types(plan, "keyvault:Vault")
    ]


def _purge_protection(vault: Deployed) -> str:
    days = whole(vault.at("properties.softDeleteRetentionInDays"))
    kept = f"deleted keys can be restored for {plural(days, 'day')}" if days else "not stated"
    return kept + (", and nobody can purge them before" if vault.at("properties.enablePurgeProtection") is True else "")
