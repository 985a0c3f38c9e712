"""Keys cannot be exported, except to machines that Azure attests as confidential (KV8)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import EXPORTABLE, RELEASE

ATTESTATION_SERVICE = re.compile(r"https://[a-z0-9.-]+\.attest\.azure\.net/?", re.IGNORECASE)
MAX_LENGTH = 30_000


def check(key: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse export without a release policy that requires attestation. Azure's default is no export."""
    exportable, release_policy = key.at(EXPORTABLE), key.at(RELEASE)
    if exportable not in (MISSING, False, True):
        yield Violation(EXPORTABLE, "is neither true nor false; it must be false")
    elif exportable is True and release_policy is MISSING:
        yield Violation(EXPORTABLE, "is true without a release policy; it must be false")
    elif release_policy is not MISSING and not _requires_attestation(release_policy):
        yield Violation(RELEASE, "does not require attestation by Azure in each of its branches; it must")


def _requires_attestation(release_policy: object) -> bool:
    """Return True if each branch of a release policy names an Azure attestation service and required claims."""
    branches = _branches(release_policy)
    return bool(branches) and all(
        isinstance(branch, dict) and _branch_requires_attestation(branch) for branch in branches
    )


def _branch_requires_attestation(branch: dict[str, Any]) -> bool:
    authority, claims = branch.get("authority"), branch.get("allOf") or branch.get("anyOf")
    return isinstance(authority, str) and bool(ATTESTATION_SERVICE.fullmatch(authority)) and isinstance(claims, list)


def _branches(release_policy: object) -> list[Any]:
    """Return the branches of a release policy in base64url or JSON. Empty if it is neither."""
    text = release_policy if isinstance(release_policy, str) and len(release_policy) <= MAX_LENGTH else ""
    try:
        plain = text if text.lstrip().startswith("{") else base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        policy = json.loads(plain)
    except (ValueError, RecursionError):
        return []
    branches = policy.get("anyOf") if isinstance(policy, dict) else None
    return branches if isinstance(branches, list) else []


POLICY = Policy(
    id="KV8",
    title="Keys cannot be exported, except to machines that Azure attests as confidential",
    why="An exported key no longer protects anything; a release policy gives it to attested hardware only.",
    resource_types=("keyvault:Key",),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.05",), ncsc=("2",), iso27001=("8.24",)),
    fix="Set attributes.exportable to false. For confidential virtual machines, give a releasePolicy whose every "
    "branch names an Azure attestation service and the claims it must make.",
    check=check,
    check_paths=(EXPORTABLE, RELEASE),
)
