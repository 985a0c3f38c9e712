"""Tags are exactly those of the estate (GV10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from formats.plan import UNKNOWN
from policies.azure_semantics.properties import display
from policies.azure_semantics.resource_types import is_azure_type, takes_tags
from policies.expected.tags import FURTHER_TAGS, LIMITED_TYPES, MAX_LIMITED_TAGS, STACK_TAGS
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare value for value, with none missing and none added, so that a program cannot state another data class,
    project or end. A type that takes few tags may leave out tags of the estate's own, but none of every stack's."""
    wanted, found = context.configs[resource.stack].tags, resource.at("tags")
    tags: Mapping[str, object] = {} if found is MISSING else found
    if not isinstance(tags, Mapping):
        raise Unknown("tags")
    is_limited = resource.type in LIMITED_TYPES and len(wanted) > MAX_LIMITED_TAGS
    for name, value in wanted.items():
        if name not in tags:
            if not is_limited or name in STACK_TAGS:
                yield Violation(f"tags.{name}", f"is not set; the estate's is {display(value)}")
        elif tags[name] == UNKNOWN:
            raise Unknown(f"tags.{name}")
        elif tags[name] != value:
            yield Violation(f"tags.{name}", f"is {display(tags[name])}; the estate's is {display(value)}")
    for name in sorted(tags.keys() - wanted.keys() - FURTHER_TAGS.get(resource.type, frozenset())):
        yield Violation(f"tags.{name}", "is no tag of the estate")


POLICY = Policy(
    id="GV10",
    title="Tags are exactly those of the estate",
    why="The data class and the end of an approval decide how strict all rules are: only an approval may set them, and "
    "no program.",
    resource_types=("*",),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.4.06", "3.1.03", "3.1.08"),
        ncsc=("2", "4"),
        caf=("A3.a", "B3.a"),
        iso27001=("5.9", "5.12"),
        five_safes=("projects", "data"),
    ),
    fix="Set the tags of the stack's configuration, unchanged; change the estate or the request for another value.",
    check=check,
    check_paths=("tags",),
    applies=lambda resource, _: is_azure_type(resource.type) and takes_tags(resource.type),
    needs_config=True,
)
