"""Random secrets have at least 32 bytes or 24 characters (KV12)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import at_least

BYTES, PASSWORD = "random:index/randomBytes:RandomBytes", "random:index/randomPassword:RandomPassword"


POLICY = Policy(
    id="KV12",
    title="Random secrets have at least 32 bytes or 24 characters",
    why="Anyone who guesses the secret behind pseudonyms can identify the patients: there are few enough NHS "
    "numbers to try them all.",
    resource_types=(BYTES, PASSWORD),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.8.04", "2.8.05"),
        ncsc=("2",),
        caf=("B3.c",),
        cyber_essentials=("4.8",),
        iso27001=("8.24",),
        five_safes=("data",),
    ),
    fix="Set length to 32 bytes, or 24 characters of a password.",
    requires=(
        at_least("length", 32, "bytes", default="no value; there is no default", only_on=BYTES),
        at_least("length", 24, "characters", default="no value; there is no default", only_on=PASSWORD),
    ),
)
