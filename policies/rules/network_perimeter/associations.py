"""Network security perimeters are enforced on resources of their own stack (NP1)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.perimeters import ASSOCIATION, ENFORCED, MEMBER, MODE, PERIMETER, PROFILE
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.references import require_own

PROFILE_ID = "profile.id"
MEMBERS = ("keyvault:Vault", "operationalinsights:Workspace", "sql:Server", "storage:StorageAccount")


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require an association of each perimeter, and a profile of that perimeter in each association."""
    if resource.type == PERIMETER:
        if not context.children(ASSOCIATION, resource):
            yield Violation("", "has no association, so it protects nothing")
        return
    yield from require_own(resource, MEMBER, context, *MEMBERS, same_stack=True)
    yield from require_own(resource, PROFILE_ID, context, PROFILE, same_stack=True)
    perimeter = ids.parent(ids.own(resource))
    if ids.parent(resource.at(PROFILE_ID)) != perimeter:
        yield Violation(PROFILE_ID, "is a profile of another perimeter than the association's")


POLICY = Policy(
    id="NP1",
    title="Network security perimeters are enforced on resources of their own stack",
    why="In any other mode the resource's own network rules let in as before, and the rules of another owner's "
    "perimeter are not known here (Azure Private Link, Transition to a network security perimeter in Azure).",
    resource_types=(PERIMETER, ASSOCIATION),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09",),
        ncsc=("3", "11"),
        caf=("B4.a",),
        cyber_essentials=("1.1",),
        iso27001=("8.20",),
        five_safes=("settings",),
    ),
    fix="Set accessMode to Enforced, and name a resource and a profile of the same stack.",
    requires=(equals(MODE, ENFORCED, default="Learning", only_on=ASSOCIATION),),
    check=check,
    check_paths=(MEMBER, PROFILE_ID),
    evaluation_scope="stack",
)
