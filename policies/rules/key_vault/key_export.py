"""KV8: no key leaves its vault, but to computers that Azure attests."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

EXPORTABLE, RELEASE = "properties.attributes.exportable", "properties.releasePolicy.data"
ATTESTER = re.compile(r"https://[a-z0-9.-]+\.attest\.azure\.net/?", re.IGNORECASE)
LONGEST = 30_000


def is_released(key: Resource) -> bool:
    """Whether a key may leave its vault for attested computers."""
    return key.at(EXPORTABLE) is True and key.at(RELEASE) is not MISSING


def check(key: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure's default is that it stays."""
    exportable, data = key.at(EXPORTABLE), key.at(RELEASE)
    if exportable not in (MISSING, False, True):
        yield Violation(EXPORTABLE, "is neither true nor false; it must be false")
    elif exportable is True and data is MISSING:
        yield Violation(EXPORTABLE, "is true, and no policy says to whom; it must be false")
    elif data is not MISSING and not _attested(data):
        yield Violation(RELEASE, "does not ask for an attestation by Azure in each of its branches; it must")


def _attested(data: object) -> bool:
    """Whether each branch of a release policy names an attester of Azure's, and claims that it must make."""
    branches = _branches(data)
    return bool(branches) and all(isinstance(branch, dict) and _is_strict(branch) for branch in branches)


def _is_strict(branch: dict[str, Any]) -> bool:
    authority, claims = branch.get("authority"), branch.get("allOf") or branch.get("anyOf")
    return isinstance(authority, str) and bool(ATTESTER.fullmatch(authority)) and isinstance(claims, list)


def _branches(data: object) -> list[Any]:
    """Base64url, as Azure takes it, or the policy as it stands; nothing where it is neither."""
    text = data if isinstance(data, str) and len(data) <= LONGEST else ""
    try:
        plain = text if text.lstrip().startswith("{") else base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        policy = json.loads(plain)
    except (ValueError, RecursionError):
        return []
    branches = policy.get("anyOf") if isinstance(policy, dict) else None
    return branches if isinstance(branches, list) else []


POLICY = Policy(
    id="KV8",
    title="Keys cannot be exported, except to computers that Azure attests as confidential",
    why="A key that can be taken out protects nothing once it was; a release policy hands it to attested hardware.",
    on=("keyvault:Key",),
    reads=(EXPORTABLE, RELEASE),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.05",), ncsc=("2",), iso27001=("8.24",)),
    fix="Set attributes.exportable to false. For confidential computers, give a releasePolicy whose every branch names "
    "an attester of Azure's and the claims it must make.",
    check=check,
)
