"""VM10: whoever exports a disk must be known to Entra."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(disk: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure's default asks for the link alone."""
    yield from must(disk, "dataAccessAuthMode", "AzureActiveDirectory", default="None")


POLICY = Policy(
    id="VM10",
    title="A link to a disk works for nobody but a person of the tenant with the right",
    why="Should export ever be opened by mistake, the link alone still opens nothing.",
    on=("compute:Disk", "compute:Snapshot"),
    reads=("dataAccessAuthMode",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("1.5.05", "3.1.12"), ncsc=("10", "11"), iso27001=("8.5", "8.12"), five_safes=("outputs",)
    ),
    fix="Set dataAccessAuthMode to AzureActiveDirectory.",
    check=check,
)  # fmt: skip
