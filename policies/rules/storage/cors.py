"""ST18: no web page may read a store with its visitor's rights."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must_not_be_set
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(service: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Missing means none."""
    yield from must_not_be_set(service, "cors.corsRules", "web pages that may read the store from a browser")


POLICY = Policy(
    id="ST18",
    title="Storage services accept no requests from web pages of other origins",
    why="A rule for other origins lets a page that a researcher or steward opens read the store in their name.",
    on=("storage:BlobServiceProperties", "storage:FileServiceProperties", "storage:QueueServiceProperties",
        "storage:TableServiceProperties"),
    reads=("cors.corsRules",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("3.1.12",), ncsc=("11",), iso27001=("8.12", "8.20"), five_safes=("outputs",)),
    fix="Remove the CORS rules.",
    check=check,
)  # fmt: skip
