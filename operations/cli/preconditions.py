"""The hint to `sde azure check` where Azure refused a request for a missing precondition."""

from __future__ import annotations

import re

CODES = (
    "AuthorizationFailed", "InvalidPolicyAlias", "LinkedAuthorizationFailed", "MissingSubscriptionRegistration",
    "QuotaExceeded", "ReadOnlyDisabledSubscription", "SkuNotAvailable", "StorageAccountAlreadyTaken",
    "VaultAlreadyExists",
)  # fmt: skip
"""Azure's codes of missing preconditions (docs/azure-facts.md)."""
_TEXTS = ("feature is not enabled for this subscription", "exceeding approved .* quota", "already existing subresource")
"""Messages of missing preconditions whose codes have other causes too."""
_MISSING = re.compile("|".join((rf"\b({'|'.join(CODES)})\b", *_TEXTS)))
COMMAND = "scripts/sde azure check"


def with_hint(message: str) -> str:
    """Return an error's message, with the command that names every missing precondition if it is for one."""
    if _MISSING.search(message) is None or COMMAND in message:
        return message
    return f"{message}\n  fix:     {COMMAND} names this and every other missing precondition, each with its cure"
