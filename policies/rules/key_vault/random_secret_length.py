"""KV12: secrets that are drawn at random are too long to guess."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import at_least
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

LEAST = {
    "random:index/randomBytes:RandomBytes": (32, "bytes"),
    "random:index/randomPassword:RandomPassword": (24, "characters"),
}


def check(drawn: Resource, _: PolicyContext) -> Iterator[Violation]:
    """256 bits, for pseudonyms are tried against every NHS number there is."""
    least, unit = LEAST[drawn.type]
    yield from at_least(drawn, "length", least, unit, default="nothing: it has no default")


POLICY = Policy(
    id="KV12",
    title="Secrets that are drawn at random have 32 bytes or 24 characters and more",
    why="Whoever guesses the secret behind pseudonyms can tell whose they are: NHS numbers are few enough to try.",
    on=tuple(LEAST),
    reads=("length",),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.04", "2.8.05"), ncsc=("2",), iso27001=("8.24",), five_safes=("data",)),
    fix="Set length to 32 bytes, or 24 characters of a password.",
    check=check,
)
