"""Blobs keep their versions, and deleted blobs can be restored (ST10)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics import properties
from policies.azure_semantics.properties import same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals, equals_if_set
from policies.rule_helpers.storage_accounts import account_of
from policies.violations import violations

MIN_DAYS = {DataClass.SYNTHETIC: 7, DataClass.DE_IDENTIFIED: 14, DataClass.IDENTIFIABLE: 30}
SERVICE = "storage:BlobServiceProperties"
RETENTION = ("deleteRetentionPolicy", "containerDeleteRetentionPolicy")
VERSIONING = equals("isVersioningEnabled", True, default="false", only_on=SERVICE)


def applies(resource: Resource, _: PolicyContext) -> bool:
    """Accounts for file shares only have no blobs."""
    return not same(resource.at("kind"), "FileStorage")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a declared blob service: Azure's default keeps nothing that is deleted."""
    if resource.type == SERVICE:
        yield from _check_service(resource, context)
    elif not context.children(SERVICE, resource):
        yield Violation("blobServices/default", "is not declared, so versioning and soft delete are off")


def _check_service(service: Resource, context: PolicyContext) -> Iterator[Violation]:
    account = account_of(service, context)
    has_hierarchical_namespace = account is not None and account.at("isHnsEnabled") is True
    if not has_hierarchical_namespace:  # with one, Azure keeps no versions
        yield from violations(VERSIONING, service)
    min_days = MIN_DAYS[context.data_class(account or service)]
    for policy in RETENTION:
        yield from properties.require_at_least(service, f"{policy}.days", min_days, "days", default="nothing kept")


POLICY = Policy(
    id="ST10",
    title="Blobs keep their versions, and deleted blobs can be restored",
    why="A mistake, a faulty script or ransomware can then be undone; the data class decides for how long.",
    resource_types=("storage:StorageAccount", SERVICE),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.6.01",), ncsc=("2",), caf=("B3.c",), cis=("9.2.1",), iso27001=("8.13",)),
    fix="Declare the account's blob service with isVersioningEnabled true, and both retention policies enabled "
    "for at least 30 days (14 for de-identified data, 7 for synthetic data).",
    requires=(
        *(equals(f"{policy}.enabled", True, default="false", only_on=SERVICE) for policy in RETENTION),
        *(equals_if_set(f"{policy}.allowPermanentDelete", False, only_on=SERVICE) for policy in RETENTION),
    ),
    check=check,
    required_by_check=(VERSIONING,),
    check_paths=("kind", "storage:StorageAccount:isHnsEnabled", *(f"{policy}.days" for policy in RETENTION)),
    applies=applies,
    evaluation_scope="stack",
)
