"""Machines of the estate are patched in its own windows only (MT2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import empty
from policies.rule_helpers.references import own, require_own

ASSIGNMENT = "maintenance:ConfigurationAssignment"
CONFIGURATION, MACHINE = "maintenanceConfigurationId", "resourceId"
EXTENSION = "/providers/microsoft.maintenance/configurationassignments/"


def check(assignment: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a machine of the same stack, by the assignment's own id, and a window of the estate."""
    yield from require_own(assignment, CONFIGURATION, context, "maintenance:MaintenanceConfiguration")
    machine = ids.own(assignment).partition(EXTENSION)[0]
    if own(machine, assignment, context, "compute:VirtualMachine", same_stack=True) is None:
        yield Violation("", "is on no virtual machine of this stack that is checked here")
    elif assignment.at(MACHINE) is not MISSING and ids.plain(assignment.at(MACHINE)) != machine:
        yield Violation(MACHINE, "is another resource than the one that the assignment is on")


POLICY = Policy(
    id="MT2",
    title="Machines of the estate are patched in its own windows only",
    why="Whoever owns the window decides when a machine restarts, and can stop its updates (Azure Update Manager, "
    "Scheduled patching).",
    resource_types=(ASSIGNMENT,),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.7.02", "2.7.03"),
        ncsc=("5",),
        caf=("B4.d",),
        cyber_essentials=("3.3",),
        iso27001=("8.8",),
        five_safes=("settings",),
    ),
    fix="Assign a maintenance configuration of the estate to a virtual machine of the stack, without a filter.",
    requires=(empty("filter", "the machines that it selects are not known here"),),
    check=check,
    check_paths=(CONFIGURATION, MACHINE),
    evaluation_scope="estate",
)
