"""The hint to run once more where Azure was busy, or does not see a new resource yet. Nothing tells when it does.

Facts: docs/azure-facts.md#one-write-at-a-time, #late-definitions-and-roles, #lost-answers.
"""

from __future__ import annotations

import re

CODES = (
    "AnotherOperationInProgress", "StorageAccountOperationInProgress", "RetryableError", "TooManyRequests",
    "ReferencedResourceNotProvisioned", "PolicyDefinitionNotFound", "KeyVaultAuthenticationFailure",
    "PrincipalNotFound", "FirewallPolicyUpdateFailed",
)  # fmt: skip
"""Azure's codes for a second write, too many requests, and resources that it does not see yet."""
_BUSY = re.compile(rf"\b({'|'.join(CODES)})\b")
_ACCOUNT = re.compile(r"storage:StorageAccount \S+: .*\bStorageAccountOperationInProgress\b")
_EXISTS = re.compile(r"already existing resource '?(?P<id>/[^\s']+)")
AGAIN = "run the same command once more"


def with_hint(message: str) -> str:
    """Return an error's message with what to do, if it is one that another run gets past."""
    if AGAIN in message:
        return message
    if found := _EXISTS.search(message):
        return (
            f"{message}\n  fix:     it is in Azure and not in the state. If an earlier run made it, and its answer was "
            f"lost, it is empty: look, delete it (az resource delete --ids {found['id']}), and {AGAIN}"
        )
    if _ACCOUNT.search(message):
        why = "Azure was busy, and may have made the account all the same. If it is there, it is empty"
        return f"{message}\n  fix:     {why}; delete it (az storage account delete), then {AGAIN}"
    if _BUSY.search(message):
        why = "Azure was busy, or does not see a new resource yet"
        return f"{message}\n  fix:     {why}: {AGAIN}, which goes on from here"
    return message
