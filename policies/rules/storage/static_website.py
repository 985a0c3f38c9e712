"""ST20: no store is a web site."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import may, same
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A web site answers anonymously, whatever the account says of public blobs."""
    if resource.type == "storage:StorageAccountStaticWebsite":
        yield Violation("", "makes a web site of the account, which anybody may read; it must not be")
    elif resource.type == "storage:BlobContainer":
        if same(resource.at("containerName"), "$web"):
            yield Violation("containerName", "is $web, which is published as a web site; it must not be")
    else:
        yield from may(resource, "routingPreference.publishInternetEndpoints", False)
        if resource.at("customDomain.name") not in (MISSING, ""):
            yield Violation("customDomain.name", "publishes the account under a name of its own; it must not be")


POLICY = Policy(
    id="ST20",
    title="No store is published as a web site or under another name",
    why="A static web site ignores the account's ban on anonymous reading, and a name of its own sidesteps the private "
    "endpoint's.",
    on=("storage:StorageAccountStaticWebsite", "storage:BlobContainer", "storage:StorageAccount"),
    reads=("containerName", "routingPreference.publishInternetEndpoints", "customDomain.name"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "3.1.12"), ncsc=("11",), iso27001=("8.3", "8.20"), five_safes=("outputs",)
    ),
    fix="Remove the static web site, the container $web, the custom domain and the Internet endpoints.",
    check=check,
)
