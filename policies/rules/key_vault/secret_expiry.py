"""Secrets expire within three years (KV6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from policies.azure_semantics.properties import display
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

EXPIRES = "properties.attributes.expires"
MAX_DAYS = 3 * 365 + 1  # three years, one of them a leap year


def check(secret: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require an expiry in seconds since 1970, at most `MAX_DAYS` from today. One in the past is
    no weakness: Azure returns the secret before and after it."""
    found = secret.at(EXPIRES)
    last = datetime.combine(context.today, time.min, UTC) + timedelta(days=MAX_DAYS)
    if found is MISSING:
        yield Violation(
            EXPIRES, "is not set, so nothing reminds of its renewal; set an expiry at most three years from today"
        )
    elif not isinstance(found, int | float) or isinstance(found, bool) or not 0 < found <= last.timestamp():
        yield Violation(
            EXPIRES, f"is {display(found)}; it must be in seconds since 1970, at most three years from today"
        )


POLICY = Policy(
    id="KV6",
    title="Secrets expire within three years",
    why="A secret with an expiry date is reviewed and renewed in time. The date ends nothing: Azure returns an expired "
    "secret to those who may read it, until it is disabled.",
    resource_types=("keyvault:Secret",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.05",), ncsc=("10",), caf=("B3.c",), cis=("8.3.3",), iso27001=("8.24",)),
    fix="Set properties.attributes.expires to the time by which the secret is renewed, in seconds since 1970.",
    check=check,
    check_paths=(EXPIRES,),
    checkov=("CKV_AZURE_41",),
)
