"""GV6: what stands in a resource group is its project's: its tags say the same as the group's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.azure_semantics import ids
from policies.azure_semantics.properties import shown
from policies.azure_semantics.resource_types import is_azures, takes_tags
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

GROUP = "resources:ResourceGroup"
SAME = ("project", "request", "controller", "data-class")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """What stands in a group of Azure's own is its stack's. Strictness follows the class: a lower one is a way out."""
    for tag in SAME:
        path = f'tags["{tag}"]'
        found, wanted = resource.at(path), [group.at(path) for group in _groups(resource, context)]
        if wanted and found not in wanted:
            yield Violation(f"tags.{tag}", f"is {shown(found)}, where its resource group says {shown(wanted[0])}")


def _groups(resource: Resource, context: PolicyContext) -> Sequence[Resource]:
    own = context.get(ids.resource_group(ids.own(resource)))
    if own is not None and own.type == GROUP and own is not resource:
        return [own]
    return [] if own is resource else context.same_stack(resource, GROUP)


POLICY = Policy(
    id="GV6",
    title="Tags agree with the resource group's",
    why="The class of data decides how strictly everything is judged: a store must not choose its own.",
    on=("*",),
    reads=(*(f'tags["{tag}"]' for tag in SAME), f"{GROUP}:tags"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.4.06", "3.1.03", "3.1.08"), ncsc=("2", "4"), iso27001=("5.9", "5.12"), five_safes=("projects", "data")
    ),
    fix="Give each resource the tags of its resource group.",
    check=check,
    applies=lambda resource, _: is_azures(resource.type) and takes_tags(resource.type) and resource.type != GROUP,
    scope="stack",
)
