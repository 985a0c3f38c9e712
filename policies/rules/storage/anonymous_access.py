"""ST4: no blob can be read anonymously."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import KEPT, may, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """The account forbids it for all its containers; and no container asks for it (Azure's default there is None)."""
    if resource.type == "storage:StorageAccount":
        yield from must(resource, "allowBlobPublicAccess", False, default=KEPT)
    else:
        yield from may(resource, "publicAccess", "None")


POLICY = Policy(
    id="ST4",
    title="No container and no account offers anonymous reading",
    why="Public data breaches have most often been just this: a container that anybody could list.",
    on=("storage:StorageAccount", "storage:BlobContainer"),
    reads=("allowBlobPublicAccess", "publicAccess"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("3.1.12",), ncsc=("11",), cis=("9.3.8",), iso27001=("8.3",), five_safes=("outputs",)
    ),
    fix="Set allowBlobPublicAccess to false on the account and publicAccess to None on each container.",
    check=check,
    checkov=("CKV_AZURE_34",),
)
