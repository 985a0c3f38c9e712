"""Archives and audit trails are immutable for at least the time that their data class requires (ST9)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import require, require_at_least, require_if_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.storage_accounts import ARCHIVE_DAYS, account_of, is_archive, is_audit

CONTAINER_POLICY = "storage:BlobContainerImmutabilityPolicy"
DAYS = "immutabilityPeriodSinceCreationInDays"
ACCOUNT_POLICY = "immutableStorageWithVersioning"
"""The account's own immutability: it covers every version of every blob."""


def applies(container: Resource, context: PolicyContext) -> bool:
    """Return True for an archive or audit trail of records, by the container's or the account's name."""
    return holds_records(container, context) and (is_archive(container, context) or is_audit(container))


def check(container: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require an immutability policy on the container, or else on its account."""
    min_days = ARCHIVE_DAYS[context.data_class(container)]
    policies = context.children(CONTAINER_POLICY, container)
    account = account_of(container, context)
    if policies:
        for policy in policies:
            yield from require_at_least(policy, DAYS, min_days, "days", default="no immutability")
            if not is_audit(container):
                yield from require_if_set(policy, "allowProtectedAppendWrites", False)
                yield from require_if_set(policy, "allowProtectedAppendWritesAll", False)
    elif account is not None and account.at(f"{ACCOUNT_POLICY}.enabled") is True:
        yield from require(
            account, f"{ACCOUNT_POLICY}.immutabilityPolicy.state", "Unlocked", "Locked", default="Disabled"
        )
        yield from require_at_least(
            account, f"{ACCOUNT_POLICY}.immutabilityPolicy.{DAYS}", min_days, "days", default="no immutability"
        )
    else:
        yield Violation(DAYS, f"there is no immutability policy; blobs must be immutable for at least {min_days} days")


POLICY = Policy(
    id="ST9",
    title="Archives and audit trails are immutable for at least the time that their data class requires",
    why="An archive that can be rewritten proves nothing, and an audit trail that can be erased protects "
    "nothing. A policy can only be declared unlocked: a steward locks it, in a step of its own that is "
    "recorded apart from any deployment.",
    resource_types=("storage:BlobContainer",),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.5.03", "3.1.14"), ncsc=("2", "13"), iso27001=("5.33",), five_safes=("data",)),
    fix="Give the container an immutability policy of at least 365 days (180 for de-identified data) that "
    "permits no appending, and let a steward lock it.",
    check=check,
    check_paths=(
        f"{CONTAINER_POLICY}:{DAYS}",
        f"{CONTAINER_POLICY}:allowProtectedAppendWrites",
        f"{CONTAINER_POLICY}:allowProtectedAppendWritesAll",
        f"storage:StorageAccount:{ACCOUNT_POLICY}",
        "containerName",
        "storage:StorageAccount:accountName",
    ),
    applies=applies,
    evaluation_scope="stack",
)
