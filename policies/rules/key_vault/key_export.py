"""Keys cannot be exported, except to machines that Azure attests as confidential (KV8)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from formats.plan import canonical
from policies.expected.key_release import AUTHORITIES, CLAIMS
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import EXPORTABLE, RELEASE

MAX_LENGTH = 30_000


def check(key: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse export without a release policy that requires attestation. Azure's default is no export."""
    exportable, release_policy = key.at(EXPORTABLE), key.at(RELEASE)
    if exportable not in (MISSING, False, True):
        yield Violation(EXPORTABLE, "is neither true nor false; it must be false")
    elif exportable is True and release_policy is MISSING:
        yield Violation(EXPORTABLE, "is true without a release policy; it must be false")
    elif release_policy is not MISSING and not _requires_attestation(release_policy):
        yield Violation(
            RELEASE,
            "is not the one in policies/expected/key_release.py: shared attestation, with all claims",
        )


def _requires_attestation(release_policy: object) -> bool:
    """Return True if each branch of a release policy is the expected one, for either region."""
    branches = _branches(release_policy)
    return bool(branches) and all(
        isinstance(branch, dict) and _branch_requires_attestation(branch) for branch in branches
    )


def _branch_requires_attestation(branch: dict[str, Any]) -> bool:
    authority, claims = branch.get("authority"), branch.get("allOf")
    is_shared = isinstance(authority, str) and authority.lower().removesuffix("/") in AUTHORITIES
    return is_shared and branch.keys() == {"authority", "allOf"} and isinstance(claims, list) and _same_claims(claims)


def _same_claims(claims: list[Any]) -> bool:
    """True if claims are the expected ones, in any order."""
    return _sorted(claims) == _sorted(CLAIMS)


def _sorted(claims: list[Any]) -> list[str]:
    inner = ({**c, "anyOf": _sorted(c["anyOf"])} if isinstance(c, dict) and isinstance(c.get("anyOf"), list) else c
             for c in claims)  # fmt: skip
    return sorted(canonical(claim) for claim in inner)


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
    controls=ComplianceControls(satre=("2.8.05",), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",)),
    fix="Set attributes.exportable to false. For confidential virtual machines, give the releasePolicy of "
    "policies/expected/key_release.py, with Azure's shared attestation provider of the region.",
    check=check,
    check_paths=(EXPORTABLE, RELEASE),
)
