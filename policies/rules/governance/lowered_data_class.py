"""The data class of an existing resource group is not lowered (GV11)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

GROUP, TAG = "resources:ResourceGroup", "data-class"


def check(group: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Compare with the tag before the change."""
    order, before, after = list(map(str, DataClass)), _class_before(group), group.at(f'tags["{TAG}"]')
    if before in order and (after not in order or order.index(after) < order.index(before)):
        yield Violation(f"tags.{TAG}", f"lowers {before} to {after or 'none'} for data that is there already")


def _class_before(group: Resource) -> str:
    tags = (group.before or {}).get("tags")
    return str(tags.get(TAG)) if isinstance(tags, dict) else ""


POLICY = Policy(
    id="GV11",
    title="The data class of an existing resource group is not lowered",
    why="The data in it keeps its class: a lower one would switch off encryption, locks and retention of records that "
    "exist.",
    resource_types=(GROUP,),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("3.1.03", "3.1.08"), ncsc=("2", "4"), caf=("B3.a",), iso27001=("5.12",), five_safes=("data", "projects")
    ),
    fix="Destroy the stack and deploy it anew; or, after the controller has approved it, grant an exemption for this "
    "change.",
    check=check,
    check_paths=(f'tags["{TAG}"]',),
)
