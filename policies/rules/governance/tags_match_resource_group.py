"""Resources have the tags of their resource group (GV6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.azure_semantics import ids
from policies.azure_semantics.properties import display
from policies.azure_semantics.resource_types import is_azure_type, takes_tags
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

GROUP = "resources:ResourceGroup"
TAGS = ("project", "request", "controller", "data-class")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare with the resource group; in a group that Azure creates, with the groups of the stack."""
    for tag in TAGS:
        path = f'tags["{tag}"]'
        found, wanted = resource.at(path), [group.at(path) for group in _groups(resource, context)]
        if wanted and found not in wanted:
            yield Violation(f"tags.{tag}", f"is {display(found)}, but its resource group has {display(wanted[0])}")


def _groups(resource: Resource, context: PolicyContext) -> Sequence[Resource]:
    own = context.get(ids.resource_group(ids.own(resource)))
    if own is not None and own.type == GROUP and own is not resource:
        return [own]
    return [] if own is resource else context.same_stack(resource, GROUP)


POLICY = Policy(
    id="GV6",
    title="Resources have the tags of their resource group",
    why="The data class decides how strict all rules are, so a resource must not choose a lower one.",
    resource_types=("*",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.4.06", "3.1.03", "3.1.08"),
        ncsc=("2", "4"),
        caf=("A3.a", "B3.a"),
        iso27001=("5.9", "5.12"),
        five_safes=("projects", "data"),
    ),
    fix="Give each resource the tags of its resource group.",
    check=check,
    check_paths=(*(f'tags["{tag}"]' for tag in TAGS), f"{GROUP}:tags"),
    applies=lambda resource, _: is_azure_type(resource.type) and takes_tags(resource.type) and resource.type != GROUP,
    evaluation_scope="stack",
)
