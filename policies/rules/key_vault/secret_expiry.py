"""Secrets expire within three years (KV6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from policies.azure_semantics.properties import shown
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

EXPIRES = "properties.attributes.expires"
MAX_DAYS = 1096


def check(secret: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a date in seconds since 1970. A past date is allowed; a date far ahead is not."""
    found = secret.at(EXPIRES)
    last = datetime.combine(context.today, time.min, UTC) + timedelta(days=MAX_DAYS)
    if found is MISSING:
        yield Violation(EXPIRES, "is not set, so the secret never expires; it must be within three years")
    elif not isinstance(found, int | float) or isinstance(found, bool) or not 0 < found <= last.timestamp():
        yield Violation(EXPIRES, f"is {shown(found)}; it must be seconds since 1970, within three years")


POLICY = Policy(
    id="KV6",
    title="Secrets expire within three years",
    why="A secret with an expiry date is reviewed; one without stays valid for anyone who found it years ago.",
    on=("keyvault:Secret",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.05",), ncsc=("10",), cis=("8.3.3",), iso27001=("8.24",)),
    fix="Set attributes.expires to the day on which the secret is renewed.",
    check=check,
    reads=(EXPIRES,),
    checkov=("CKV_AZURE_41",),
)
