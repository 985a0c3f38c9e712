"""ST10: what was deleted or overwritten can be brought back."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.properties import at_least, may, must, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.storage_accounts import account_of

LEAST_DAYS = {DataClass.SYNTHETIC: 7, DataClass.DE_IDENTIFIED: 14, DataClass.IDENTIFIABLE: 30}
SERVICE = "storage:BlobServiceProperties"
BINS = ("deleteRetentionPolicy", "containerDeleteRetentionPolicy")


def applies(resource: Resource, _: PolicyContext) -> bool:
    """Accounts for file shares alone hold no blobs."""
    return not same(resource.at("kind"), "FileStorage")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """An account without declared blob service keeps nothing of what is deleted: Azure's default is off."""
    if resource.type == SERVICE:
        yield from _service(resource, context)
    elif not context.children(SERVICE, resource):
        yield Violation("blobServices/default", "is not declared, which leaves versions and soft delete off")


def _service(service: Resource, context: PolicyContext) -> Iterator[Violation]:
    account = account_of(service, context)
    if account is None or account.at("isHnsEnabled") is not True:  # with folders of its own, Azure keeps no versions
        yield from must(service, "isVersioningEnabled", True, default="false")
    least = LEAST_DAYS[context.data_class(account or service)]
    for found in BINS:
        yield from must(service, f"{found}.enabled", True, default="false")
        yield from at_least(service, f"{found}.days", least, "days", default="nothing kept")
        yield from may(service, f"{found}.allowPermanentDelete", False)


POLICY = Policy(
    id="ST10",
    title="Blobs keep their versions, and what is deleted can be brought back",
    why="A mistake, a bad script or a blackmailer can then be undone; for how long follows the data class.",
    on=("storage:StorageAccount", SERVICE),
    reads=("kind", "isHnsEnabled", "isVersioningEnabled",
           *(f"{found}.{part}" for found in BINS for part in ("enabled", "days", "allowPermanentDelete"))),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.6.01",), ncsc=("2",), cis=("9.2.1",), iso27001=("8.13",)),
    fix="Declare the account's blob service with isVersioningEnabled true, and both retention policies enabled for at "
    "least 30 days (14 where data is de-identified, 7 where it is synthetic).",
    check=check,
    applies=applies,
    scope="stack",
)  # fmt: skip
