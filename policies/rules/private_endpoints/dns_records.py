"""Private DNS zones have no records of their own (PE5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.private_link import RECORDS
from policies.azure_semantics.properties import display
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(records: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Refuse every declared record: only zone groups write them, and a zone of another name is refused itself."""
    zone = records.at("privateZoneName")
    yield Violation("privateZoneName", f"is {display(zone)}, where only zone groups may write records")


POLICY = Policy(
    id="PE5",
    title="Private DNS zones have no records of their own",
    why="A record can redirect a store's name to another machine, which then receives the data.",
    resource_types=(RECORDS,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "3.1.12"), ncsc=("11",), caf=("B4.a",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Remove the record set; the endpoint's zone group writes what is needed.",
    check=check,
    check_paths=("privateZoneName",),
)
