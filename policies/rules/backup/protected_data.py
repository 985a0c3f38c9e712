"""Data is backed up into a vault of its own stack only (BK5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.properties import display
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty, equals, equals_if_set
from policies.rule_helpers.references import own, require_own

INSTANCE, ITEM = "dataprotection:BackupInstance", "recoveryservices:ProtectedItem"
VAULT_OF = {INSTANCE: "dataprotection:BackupVault", ITEM: "recoveryservices:Vault"}
POLICY_OF = {INSTANCE: "dataprotection:BackupPolicy", ITEM: "recoveryservices:ProtectionPolicy"}
POLICY_ID = {INSTANCE: "properties.policyInfo.policyId", ITEM: "properties.policyId"}
SOURCE = {INSTANCE: "properties.dataSourceInfo.resourceID", ITEM: "properties.sourceResourceId"}
SOURCE_SET = "properties.dataSourceSetInfo.resourceID"
SOURCES = ("compute:VirtualMachine", "dbforpostgresql:Server", "storage:StorageAccount")
PARAMETERS = "properties.policyInfo.policyParameters"
IDENTITY = "properties.identityDetails"
ITEM_TYPE = "Microsoft.Compute/virtualMachines"
"""The only kind of copy that is kept in the vault at once; file shares are kept as snapshots in their account."""
URIS = ("properties.dataSourceInfo.resourceUri", "properties.dataSourceSetInfo.resourceUri")


def check(copy: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a vault, a policy in it, and a source, all of the copy's own stack."""
    vault = _vault(copy, context)
    if vault is None:
        yield Violation("", f"is in no {VAULT_OF[copy.type]} of this stack that is checked here")
    path = POLICY_ID[copy.type]
    yield from require_own(copy, path, context, POLICY_OF[copy.type], same_stack=True)
    if vault is not None and not ids.plain(copy.at(path)).startswith(f"{ids.own(vault)}/"):
        yield Violation(path, f"is {display(copy.at(path))}; it must be a policy of the copy's own vault")
    yield from require_own(copy, SOURCE[copy.type], context, *SOURCES, same_stack=True)
    if copy.type == INSTANCE:
        source = ids.plain(copy.at(SOURCE[INSTANCE]))
        for other in (SOURCE_SET, *URIS):
            if ids.plain(copy.at(other)) not in ("", source):
                yield Violation(other, f"is {display(copy.at(other))}; it must be the source's id")


def _vault(copy: Resource, context: PolicyContext) -> Resource | None:
    """Return the vault that the copy is in, if it is one of its own stack."""
    head, found, rest = ids.own(copy).partition("vaults/")
    id_ = f"{head}{found}{rest.partition('/')[0]}"
    return own(id_, copy, context, VAULT_OF[copy.type], same_stack=True)


POLICY = Policy(
    id="BK5",
    title="Data is backed up into a vault of its own stack only",
    why="A backup is a copy of everything. In a vault of another project or subscription it is out of the airlock, and "
    "who can restore there reads it (Azure Backup, Backup vault overview).",
    resource_types=(INSTANCE, ITEM),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.10", "2.6.01", "3.1.12"),
        ncsc=("2", "3"),
        caf=("B3.c", "B5.c"),
        iso27001=("8.12", "8.13"),
        five_safes=("data",),
    ),
    fix="Put the source, the backup policy and the vault into one stack, use the vault's system-assigned identity, and "
    "leave out credentials, the operational store and resourceGuardOperationRequests.",
    requires=(
        equals("properties.objectType", "BackupInstance", only_on=INSTANCE),
        empty("properties.datasourceAuthCredentials", "a stored password bypasses Entra sign-in", only_on=INSTANCE),
        empty(f"{PARAMETERS}.dataStoreParametersList", "copies in a resource group are not immutable",
              only_on=INSTANCE),
        empty("properties.resourceGuardOperationRequests", "a program must not lift the resource guard"),
        empty(f"{IDENTITY}.userAssignedIdentityArmUrl", "another identity than the vault's would read the data",
              only_on=INSTANCE),
        equals("properties.protectedItemType", ITEM_TYPE, only_on=ITEM),
        equals_if_set("properties.protectionState", "Protected", "IRPending", only_on=ITEM),
        equals_if_set("properties.createMode", "Default", only_on=ITEM),
        equals_if_set("properties.isScheduledForDeferredDelete", False, only_on=ITEM),
        empty("properties.extendedProperties.diskExclusionProperties", "some disks would have no backup",
              only_on=ITEM),
    ),
    check=check,
    check_paths=(*POLICY_ID.values(), *SOURCE.values(), SOURCE_SET, *URIS),
    evaluation_scope="stack",
)  # fmt: skip
