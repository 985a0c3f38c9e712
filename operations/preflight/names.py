"""Checks of globally unique names: taken outside of the estate, or reserved by a deleted key vault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operations.preflight.findings import Finding
from operations.preflight.needs import Declared, Needs
from operations.preflight.reads import Reads

VAULT = "microsoft.keyvault/vaults"


@dataclass(frozen=True)
class _NamedType:
    what: str
    provider: str
    type: str
    version: str


_TYPES: Mapping[str, _NamedType] = {
    "microsoft.storage/storageaccounts": _NamedType(
        "storage account", "Microsoft.Storage", "Microsoft.Storage/storageAccounts", "2023-05-01"
    ),
    VAULT: _NamedType("key vault", "Microsoft.KeyVault", "Microsoft.KeyVault/vaults", "2023-07-01"),
    "microsoft.containerregistry/registries": _NamedType(
        "container registry", "Microsoft.ContainerRegistry", "Microsoft.ContainerRegistry/registries", "2023-07-01"
    ),
}
"""The types whose providers answer `checkNameAvailability`."""


def names(reads: Reads, needs: Needs, existing: frozenset[str]) -> Iterator[Finding]:
    """Check the names of resources that do not exist yet (409 VaultAlreadyExists, StorageAccountAlreadyTaken,
    AlreadyInUse)."""
    wanted = [one for one in needs.resources if one.type in _TYPES and one.id.lower() not in existing]
    deleted = _deleted_vaults(reads, needs.subscription) if any(one.type == VAULT for one in wanted) else {}
    taken = 0
    for one in wanted:
        vault = deleted.get(one.short_name.lower()) if one.type == VAULT else None
        problem = _reserved(vault) if vault is not None else _unavailable(reads, needs.subscription, one)
        if problem:
            taken += 1
            fix = _fix(one, vault, needs.subscription)
            yield Finding(needs.subscription, f"name {one.short_name}", False, problem, fix)
    if wanted and not taken:
        yield Finding(needs.subscription, "names", True, f"all {len(wanted)} are free")


def _deleted_vaults(reads: Reads, subscription: str) -> dict[str, Mapping[str, Any]]:
    """Return the properties of the subscription's soft-deleted key vaults, by name in lower case."""
    found = reads.list(f"/subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedVaults", "2023-07-01")
    properties = ((str(one.get("name")).lower(), one.get("properties")) for one in found.values)
    return {name: held if isinstance(held, Mapping) else {} for name, held in properties}


def _reserved(vault: Mapping[str, Any]) -> str:
    until = f" until {str(vault['scheduledPurgeDate'])[:10]}" if vault.get("scheduledPurgeDate") else ""
    return f"reserved by a deleted key vault{until}"


def _unavailable(reads: Reads, subscription: str, resource: Declared) -> str:
    """Return why the name cannot be used, or an empty string."""
    named = _TYPES[resource.type]
    path = f"/subscriptions/{subscription}/providers/{named.provider}/checkNameAvailability"
    answer = reads.check_name(path, named.version, resource.short_name, named.type)
    if answer.body is None:
        return answer.why
    if answer.body.get("nameAvailable") is True:
        return ""
    return f"{answer.body.get('reason') or 'not available'}: {' '.join(str(answer.body.get('message') or '').split())}"


def _fix(resource: Declared, vault: Mapping[str, Any] | None, subscription: str) -> str:
    """Return how to free the name, or how to get another: names depend on the generation of their stack."""
    if vault is not None and vault.get("purgeProtectionEnabled") is not True:
        location = vault.get("location") or resource.location
        name = f"--name {resource.short_name} --location {location} --subscription {subscription}"
        return f"az keyvault purge {name} (its keys and secrets are lost for ever)"
    return (
        f"before the first up of {resource.stack}: raise its generation in estate/allocations.yaml, which changes the "
        f"names, then scripts/sde render"
    )
