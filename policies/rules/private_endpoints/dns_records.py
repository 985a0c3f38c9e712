"""PE5: nobody writes records into the zones of private endpoints by hand."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.private_link import RECORDS, is_reserved
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(records: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A zone group writes its own records and takes them away again; every other one is somebody's."""
    zone = records.at("privateZoneName")
    if zone is MISSING or is_reserved(str(zone)):
        yield Violation("privateZoneName", "is a zone of private endpoints, whose records only their zone groups write")


POLICY = Policy(
    id="PE5",
    title="Nobody writes records into private endpoints' zones",
    why="One record turns a store's name to another computer: people hand it what they meant for the store.",
    on=(RECORDS,),
    reads=("privateZoneName",),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.2.09", "3.1.12"), ncsc=("11",), iso27001=("8.20",), five_safes=("settings",)),
    fix="Remove the record set; the endpoint's zone group writes what is needed.",
    check=check,
)
