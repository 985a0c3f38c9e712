"""Stores and disks use the keys and the identity of their own resource group (KV15)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.property_paths import parse
from policies.azure_semantics import ids
from policies.azure_semantics.properties import display
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation
from policies.rule_helpers.encryption_keys import KEY, KEY_URI, VAULT

STORE, ENCRYPTION_SET = "storage:StorageAccount", "compute:DiskEncryptionSet"
URIS = {STORE: "encryption.keyVaultProperties.keyVaultUri", ENCRYPTION_SET: "activeKey.keyUrl"}
IDENTITIES = {
    STORE: "encryption.encryptionIdentity.encryptionUserAssignedIdentity",
    ENCRYPTION_SET: "identity.userAssignedIdentities[*]",
}


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare the resource groups of the vault and of the identity with that of the resource."""
    own, path = ids.resource_group(ids.own(resource)), URIS[resource.type]
    for source in _sources(resource, path, context):
        if ids.resource_group(ids.own(source)) != own:
            yield Violation(path, f"is of {source.name}, in another resource group")
    for identity in resource.each(IDENTITIES[resource.type]):
        if ids.resource_group(ids.plain(identity)) != own:
            yield Violation(IDENTITIES[resource.type], f"is {display(identity)}, of another resource group")


def _sources(resource: Resource, path: str, context: PolicyContext) -> list[Resource]:
    """Return the vault of the URI, or the vaults and keys that an unknown URI depends on. ST6 and VM3 require one."""
    try:
        uri = resource.at(path)
    except Unknown:
        urns = resource.property_dependencies.get(str(parse(path)[0]), ())
        found = [source for source in context.same_stack(resource, VAULT, KEY) if source.urn in urns]
        if not found:
            raise
        return found
    named = KEY_URI.fullmatch(uri) if isinstance(uri, str) else None
    vaults = context.of(VAULT) if named else []
    return [one for one in vaults if named and str(one.at("vaultName")).lower() == named["vault"].lower()]


POLICY = Policy(
    id="KV15",
    title="Stores and disks use the keys and the identity of their own resource group",
    why="Each zone's key is disabled to end all access to its data: with the key of another zone, that closes another "
    "zone, or fails to close this one.",
    resource_types=(STORE, ENCRYPTION_SET),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.8.01", "2.8.05"), ncsc=("2", "3"), caf=("B3.c",), iso27001=("8.24",), five_safes=("settings",)
    ),
    fix="Use a key of the vault in the same zone or tenancy, and the identity of that vault.",
    check=check,
    check_paths=(
        *(f"{type_}:{path}" for paths in (URIS, IDENTITIES) for type_, path in paths.items()),
        f"{VAULT}:vaultName",
    ),
    evaluation_scope="stack",
    needs_config=True,
)
