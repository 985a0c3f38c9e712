"""Computers and stores have identities of their own stack only (IA11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.azure_semantics.properties import display
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation

ASSIGNED = "identity.userAssignedIdentities"
ENCRYPTION = "encryption.identity.userAssignedIdentity"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require each identity to be a resource of the same stack. Whoever controls a computer has its identities."""
    for path, id_ in _identities(resource):
        identity = context.get(id_)
        if identity is None or identity.stack != resource.stack:
            yield Violation(path, f"has {display(id_)}, which is no identity of this stack")


def _identities(resource: Resource) -> Iterator[tuple[str, object]]:
    """Yield the identities, which azure-native takes as a list or as the keys of a map."""
    found = resource.at(ASSIGNED)
    if found is not MISSING:
        if not isinstance(found, Mapping | list | tuple):
            raise Unknown(ASSIGNED)
        count = len(found)
        known = found if isinstance(found, Mapping) else [resource.at(f"{ASSIGNED}[{i}]") for i in range(count)]
        yield from ((ASSIGNED, id_) for id_ in known)
    if (id_ := resource.at(ENCRYPTION)) is not MISSING:
        yield ENCRYPTION, id_


POLICY = Policy(
    id="IA11",
    title="Computers and stores have identities of their own stack only",
    why="A program on a computer gets tokens of every identity that is assigned to it, with all its rights.",
    resource_types=("compute:VirtualMachine", "storage:StorageAccount"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.10", "3.2.03"),
        ncsc=("3", "9"),
        iso27001=("5.15", "8.2"),
        five_safes=("people", "settings"),
    ),
    fix="Assign an identity that the same stack declares.",
    check=check,
    check_paths=(ASSIGNED, ENCRYPTION),
    evaluation_scope="stack",
)
