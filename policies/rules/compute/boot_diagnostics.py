"""VM9: what a computer shows while it starts is kept by Azure, not in a store."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import COMPUTERS, everywhere, inner

PATH = "diagnosticsProfile.bootDiagnostics.storageUri"


def check(computer: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Missing means managed, where it is on at all."""
    if computer.at(inner(computer, PATH)) not in (MISSING, ""):
        yield Violation(inner(computer, PATH), "keeps screens in a storage account, reached by its key; leave it out")


POLICY = Policy(
    id="VM9",
    title="Boot diagnostics are managed by Azure",
    why="In an account of one's own they need its shared key and a public door, and show screens to its readers.",
    on=COMPUTERS,
    reads=everywhere(PATH),
    severity=Severity.LOW,
    controls=ComplianceControls(satre=("3.2.03",), ncsc=("10", "11"), iso27001=("8.12",)),
    fix="Enable boot diagnostics without a storageUri.",
    check=check,
)
