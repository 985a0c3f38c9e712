"""Storage services accept no requests from web pages of other origins (ST18)."""

from __future__ import annotations

from policies.model import ComplianceControls, Policy, Severity
from policies.requirements import empty

POLICY = Policy(
    id="ST18",
    title="Storage services accept no requests from web pages of other origins",
    why="A CORS rule lets a web page that a researcher or steward opens read the store with their rights.",
    resource_types=(
        "storage:BlobServiceProperties",
        "storage:FileServiceProperties",
        "storage:QueueServiceProperties",
        "storage:TableServiceProperties",
    ),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("3.1.12",), ncsc=("11",), caf=("B4.a",), iso27001=("8.12", "8.20"), five_safes=("outputs",)
    ),
    fix="Remove the CORS rules.",
    requires=(empty("cors.corsRules", "web pages of other origins could read the store from a browser"),),
)
