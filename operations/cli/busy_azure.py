"""The hint to run once more where Azure was busy, or does not see a new resource yet. Nothing tells when it does.

Facts: docs/azure-facts.md#one-write-at-a-time, #late-definitions-and-roles, #lost-answers.
"""

from __future__ import annotations

import re

CODES = (
    "AnotherOperationInProgress", "StorageAccountOperationInProgress", "RetryableError", "TooManyRequests",
    "ReferencedResourceNotProvisioned", "PolicyDefinitionNotFound", "KeyVaultAuthenticationFailure",
    "PrincipalNotFound", "FirewallPolicyUpdateFailed", "KeyVaultAccessForbidden",
    "InvalidCreatePolicyAssignmentRequest",
)  # fmt: skip
"""Azure's codes for a second write, too many requests, and resources that it does not see yet."""
_BUSY = re.compile(rf"\b({'|'.join(CODES)})\b")
_ACCOUNT = re.compile(r"storage:StorageAccount \S+: .*\bStorageAccountOperationInProgress\b")
_EXISTS = re.compile(r"already existing resource '?(?P<id>/[^\s']+)")
_DELETED_LATE = (
    (re.compile(r"\bScopeLocked\b"), "A lock acts for some minutes after its deletion", "another lock is in the way"),
    (
        re.compile(r"privatedns:PrivateZone \S+: .*\bCannotDeleteResource\b"),
        "A zone has its links for some minutes after their deletion", "delete the links that other networks have",
    ),
)  # fmt: skip
"""Refused deletes, with why one more run may get past them, and the cause if it does not."""
AGAIN = "run the same command once more"


def with_hint(message: str) -> str:
    """Return an error's message with what to do, if it is one that another run gets past."""
    if AGAIN in message:
        return message
    if found := _EXISTS.search(message):
        return (
            f"{message}\n  fix:     it is in Azure and not in the state. If it is empty, as after a create whose "
            f"answer was lost, delete it (az resource delete --ids {found['id']}; not a key vault, whose name stays "
            f"reserved), and {AGAIN}. Else leave it, and find out who made it"
        )
    if _ACCOUNT.search(message):
        # The message does not tell a create from an update.
        return (
            f"{message}\n  fix:     Azure was busy: {AGAIN}. If this run was to create the account, it may exist: if "
            "it does and is empty, delete it first (az storage account delete). Never delete one of an earlier run"
        )
    if _BUSY.search(message):
        why = "Azure was busy, or does not see a new resource yet"
        return f"{message}\n  fix:     {why}: {AGAIN}, which goes on from here"
    for refused, why, otherwise in _DELETED_LATE:
        if refused.search(message):
            return f"{message}\n  fix:     {why}: {AGAIN}. If it fails again, {otherwise}"
    return message
