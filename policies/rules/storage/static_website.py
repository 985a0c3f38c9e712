"""Storage accounts are not published as a web site or under a custom domain (ST20)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import same
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals_if_set

ACCOUNT, CONTAINER, WEBSITE = "storage:StorageAccount", "storage:BlobContainer", "storage:StorageAccountStaticWebsite"
DOMAIN = "customDomain.name"


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse static web sites, their container and custom domains."""
    if resource.type == WEBSITE:
        yield Violation("", "makes a public web site of the account; it must be removed")
    elif resource.type == CONTAINER and same(resource.at("containerName"), "$web"):
        yield Violation("containerName", "is $web, which Azure publishes as a web site; it must be another")
    elif resource.type == ACCOUNT and resource.at(DOMAIN) not in (MISSING, ""):
        yield Violation(DOMAIN, "publishes the account under a custom domain; it must not be set")


POLICY = Policy(
    id="ST20",
    title="Storage accounts are not published as a web site or under a custom domain",
    why="A static web site is readable anonymously even where the account forbids anonymous access, and a custom "
    "domain bypasses the private endpoint's name.",
    resource_types=(WEBSITE, CONTAINER, ACCOUNT),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "3.1.12"),
        ncsc=("11",),
        caf=("B3.c", "B4.a"),
        cyber_essentials=("2.3", "2.5"),
        iso27001=("8.3", "8.20"),
        five_safes=("outputs",),
    ),
    fix="Remove the static web site, the container $web, the custom domain and the Internet endpoints.",
    requires=(equals_if_set("routingPreference.publishInternetEndpoints", False, only_on=ACCOUNT),),
    check=check,
    check_paths=("containerName", DOMAIN),
)
