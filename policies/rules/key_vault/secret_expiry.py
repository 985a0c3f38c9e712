"""KV6: secrets expire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from policies.azure_semantics.properties import shown
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

EXPIRES = "properties.attributes.expires"
LONGEST_DAYS = 1096


def check(secret: Resource, context: PolicyContext) -> Iterator[Violation]:
    """In seconds since 1970. Missing means never. A date that is past is an end; one far ahead is none."""
    found = secret.at(EXPIRES)
    last = datetime.combine(context.today, time.min, UTC) + timedelta(days=LONGEST_DAYS)
    if found is MISSING:
        yield Violation(EXPIRES, "is not set, which leaves the secret good for ever; it must be within three years")
    elif not isinstance(found, int | float) or isinstance(found, bool) or not 0 < found <= last.timestamp():
        yield Violation(EXPIRES, f"is {shown(found)}; it must be seconds since 1970, within three years")


POLICY = Policy(
    id="KV6",
    title="Secrets expire within three years",
    why="A secret with an end is looked at again; one without stays good for whoever found it years ago.",
    on=("keyvault:Secret",),
    reads=(EXPIRES,),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.05",), ncsc=("10",), cis=("8.3.3",), iso27001=("8.24",)),
    fix="Set attributes.expires to the day on which the secret is to be renewed.",
    check=check,
    checkov=("CKV_AZURE_41",),
)
