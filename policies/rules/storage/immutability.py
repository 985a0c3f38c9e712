"""Archives and audit trails are immutable for at least the time that their data class requires (ST9)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import require, require_at_least, require_if_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.immutable_stores import ACCOUNT_IMMUTABILITY, ACCOUNT_PATHS, CONTAINER_POLICY, PERIOD
from policies.rule_helpers.storage_accounts import ARCHIVE_DAYS, account_of, is_archive, is_audit

APPENDS = f"{ACCOUNT_IMMUTABILITY}.immutabilityPolicy.allowProtectedAppendWrites"


def applies(container: Resource, context: PolicyContext) -> bool:
    """Return True for a container of an archive or an audit trail, if its data comes from people's records. An archive
    is recognised by the container's or the account's name, an audit trail by the container's."""
    return holds_records(container, context) and (is_archive(container, context) or is_audit(container))


def check(container: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the period of the data class in the container's immutability policy, or else in its account's. Only the
    policy of an audit trail may allow protected append writes, because Azure appends to logs."""
    min_days = ARCHIVE_DAYS[context.data_class(container)]
    policies = context.children(CONTAINER_POLICY, container)
    account = account_of(container, context)
    if policies:
        for policy in policies:
            yield from require_at_least(policy, PERIOD, min_days, "days", default="no immutability")
            if not is_audit(container):
                yield from require_if_set(policy, "allowProtectedAppendWrites", False)
                yield from require_if_set(policy, "allowProtectedAppendWritesAll", False)
    elif account is not None and account.at(f"{ACCOUNT_IMMUTABILITY}.enabled") is True:
        yield from require(
            account, f"{ACCOUNT_IMMUTABILITY}.immutabilityPolicy.state", "Unlocked", "Locked", default="Disabled"
        )
        yield from require_at_least(
            account, f"{ACCOUNT_IMMUTABILITY}.immutabilityPolicy.{PERIOD}", min_days, "days", default="no immutability"
        )
        if not is_audit(container):
            yield from require_if_set(account, APPENDS, False)
    else:
        yield Violation(
            PERIOD, f"there is no immutability policy; blobs must be immutable for at least {min_days} days"
        )


POLICY = Policy(
    id="ST9",
    title="Archives and audit trails are immutable for at least the time that their data class requires",
    why="An archive that can be rewritten proves nothing, and an audit trail that can be erased protects "
    "nothing. An unlocked immutability policy passes, because a template cannot lock a container's: a "
    "steward locks it in a separate request to Azure, which is recorded apart from any deployment.",
    resource_types=("storage:BlobContainer",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.5.03", "3.1.14"),
        ncsc=("2", "13"),
        caf=("B3.c", "C1.b", "E4.a"),
        iso27001=("5.33",),
        five_safes=("data",),
    ),
    fix="Give the container an immutability policy of at least 365 days (180 for de-identified data), and let a "
    "steward lock it. The policy of an archive must not allow protected append writes.",
    check=check,
    check_paths=(
        f"{CONTAINER_POLICY}:{PERIOD}",
        f"{CONTAINER_POLICY}:allowProtectedAppendWrites",
        f"{CONTAINER_POLICY}:allowProtectedAppendWritesAll",
        *ACCOUNT_PATHS,
        f"storage:StorageAccount:{APPENDS}",
        "containerName",
        "storage:StorageAccount:accountName",
    ),
    applies=applies,
    evaluation_scope="stack",
)
