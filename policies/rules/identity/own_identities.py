"""Resources have identities of their own stack only, and no computer one that reads keys (IA11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.azure_semantics import ids
from policies.azure_semantics.assigned_identities import ASSIGNED, assigned_identities
from policies.azure_semantics.properties import display
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

MACHINE, STORE, ENCRYPTION_SET = "compute:VirtualMachine", "storage:StorageAccount", "compute:DiskEncryptionSet"
FIREWALL_POLICY = "network:FirewallPolicy"
ENCRYPTION: Mapping[str, str] = {
    STORE: "encryption.encryptionIdentity.encryptionUserAssignedIdentity",
    "dbforpostgresql:Server": "dataEncryption.primaryUserAssignedIdentityId",
}
"""The property with which a type names one of its identities for its key."""
TYPES = (MACHINE, STORE, ENCRYPTION_SET, FIREWALL_POLICY, "containerregistry:Registry",
         "dbforpostgresql:Server", "machinelearningservices:Workspace")  # fmt: skip


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require each identity to be a resource of the same stack. Whoever controls a computer has its identities."""
    encrypting = _users(resource, context, STORE, ENCRYPTION_SET) if resource.type == MACHINE else frozenset()
    firewalls = _users(resource, context, FIREWALL_POLICY) if resource.type != FIREWALL_POLICY else frozenset()
    for path, id_ in _identities(resource):
        identity = context.get(id_)
        if identity is None or identity.stack != resource.stack:
            yield Violation(path, f"has {display(id_)}, which is no identity of this stack")
        elif ids.plain(id_) in encrypting:
            yield Violation(path, f"has {display(id_)}, which may use the keys of stores or disks")
        elif ids.plain(id_) in firewalls:
            yield Violation(path, f"has {display(id_)}, which may read the certificate authority of the firewall")


def _users(resource: Resource, context: PolicyContext, *types: str) -> frozenset[str]:
    """Return the identities of the resources of these types in a stack; computed once."""

    def compute() -> frozenset[str]:
        users = context.same_stack(resource, *types)
        return frozenset(ids.plain(id_) for user in users for _, id_ in _identities(user))

    return context.once(("identities of", *types, resource.stack), compute)


def _identities(resource: Resource) -> Iterator[tuple[str, object]]:
    """Yield the identities with their paths."""
    yield from ((ASSIGNED, id_) for id_ in assigned_identities(resource))
    path = ENCRYPTION.get(resource.type)
    if path and (id_ := resource.at(path)) is not MISSING:
        yield path, id_


POLICY = Policy(
    id="IA11",
    title="Resources have identities of their own stack only, and no computer one that reads keys",
    why="A program on a computer gets tokens of every identity that is assigned to it, with all its rights. With the "
    "firewall's it could read the key that signs for every host.",
    resource_types=TYPES,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10", "3.2.03"),
        ncsc=("3", "9"),
        caf=("B2.d",),
        iso27001=("5.15", "8.2"),
        five_safes=("people", "settings"),
    ),
    fix="Assign an identity that the same stack declares for this purpose.",
    check=check,
    check_paths=(
        ASSIGNED,
        *(f"{type_}:{path}" for type_, path in ENCRYPTION.items()),
        *(f"{type_}:{ASSIGNED}" for type_ in (STORE, ENCRYPTION_SET, FIREWALL_POLICY)),
    ),
    evaluation_scope="stack",
)
