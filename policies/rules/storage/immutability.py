"""ST9: what an archive or an audit trail holds stays as it was written."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import at_least, may, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.storage_accounts import account_of, is_archive, is_audit

LEAST_DAYS = {DataClass.SYNTHETIC: 0, DataClass.DE_IDENTIFIED: 180, DataClass.IDENTIFIABLE: 365}
OWN = "storage:BlobContainerImmutabilityPolicy"
DAYS = "immutabilityPeriodSinceCreationInDays"
WHOLE = "immutableStorageWithVersioning"
"""The account's own immutability, which holds for every version of every blob in it."""


def applies(container: Resource, context: PolicyContext) -> bool:
    """By its name or its account's: an archive, or a trail that Azure's diagnostics or an auditor keeps."""
    return holds_records(container, context) and (is_archive(container, context) or is_audit(container))


def check(container: Resource, context: PolicyContext) -> Iterator[Violation]:
    """By a policy of the container's, else by one of its account's."""
    least = LEAST_DAYS[context.data_class(container)]
    policies = context.children(OWN, container)
    account = account_of(container, context)
    if policies:
        for policy in policies:
            yield from at_least(policy, DAYS, least, "days", default="no immutability")
            if not is_audit(container):
                yield from may(policy, "allowProtectedAppendWrites", False)
                yield from may(policy, "allowProtectedAppendWritesAll", False)
    elif account is not None and account.at(f"{WHOLE}.enabled") is True:
        yield from must(account, f"{WHOLE}.immutabilityPolicy.state", "Unlocked", "Locked", default="Disabled")
        yield from at_least(account, f"{WHOLE}.immutabilityPolicy.{DAYS}", least, "days", default="no immutability")
    else:
        yield Violation(DAYS, f"nothing keeps what is written here; it must be immutable for at least {least} days")


POLICY = Policy(
    id="ST9",
    title="Archives and audit trails cannot be changed for at least the time that their data class asks",
    why="An archive that can be rewritten proves nothing, and an audit trail that can be erased protects nobody. A "
    "policy can be declared unlocked only: locking it is a steward's own act, recorded apart from any deployment.",
    on=("storage:BlobContainer",),
    reads=(f"{OWN}:{DAYS}", f"{OWN}:allowProtectedAppendWrites", f"{OWN}:allowProtectedAppendWritesAll",
           f"storage:StorageAccount:{WHOLE}"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.5.03", "3.1.14"), ncsc=("2", "13"), iso27001=("5.33",), five_safes=("data",)
    ),
    fix="Give the container an immutability policy of at least 365 days (180 where data is de-identified) that permits "
    "no appending, and let a steward lock it.",
    check=check,
    applies=applies,
    scope="stack",
)  # fmt: skip
