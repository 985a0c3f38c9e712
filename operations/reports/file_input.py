"""Read the input files of the policy checks: Plans, states, previews and ARM templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from formats.errors import InputError
from formats.json_reader import read_json_or_template
from formats.plan import Operation, Plan, Value
from formats.plan_files import read_planned, read_state
from formats.pulumi_state import is_export
from operations.export.parameter_file import read_parameters

if TYPE_CHECKING:
    from operations.export.template_reader import TemplatePlans

WITHOUT_RESULT = (Operation.DELETE, Operation.READ)
"""Operations that leave no new or changed resource to check."""
NOT_IN_STACK_NAMES = re.compile(r"[^A-Za-z0-9._-]")
"""Characters that stack names cannot have."""


class PlanInput(NamedTuple):
    """A plan, with what is known of the ARM template from which it was read, if it was."""

    plan: Plan
    template: TemplatePlans | None


def stacks_of(files: Sequence[Path]) -> list[str]:
    """Return a unique stack name for each template: its file name, with as many parent folders as needed, because many
    templates are called `template.json`."""
    parts = [(*file.absolute().parts[1:-1], file.stem) for file in files]
    return [NOT_IN_STACK_NAMES.sub("-", "-".join(part[-_unique_suffix_length(part, parts) :]))[-100:] for part in parts]


def _unique_suffix_length(path: tuple[str, ...], all_: Sequence[tuple[str, ...]]) -> int:
    """Return the number of parts at the end of a path that make it unique."""
    count = 1
    while count < len(path) and sum(other[-count:] == path[-count:] for other in all_) > 1:
        count += 1
    return count


def read_plan(file: Path, called: str = "", parameters: Path | None = None) -> PlanInput:
    """Return the plan in a file: a Plan, a preview, a state or an ARM template.

    `called`: the stack name for a template that has none. `parameters`: the template's parameter file. Raises
    `InputError` for any other file, and for a plan without resources.
    """
    content = read_json_or_template(file)
    if isinstance(content, dict) and "$schema" in content:
        template = _template(content, str(file), called, parameters)
        return PlanInput(template.plan, template)
    if parameters:
        raise InputError("Only a template has a parameter file.", file=str(file), found=str(parameters))
    if is_export(content):
        return PlanInput(_state(content, str(file)), None)
    return PlanInput(_require_planned_resource(read_planned(content, str(file)), str(file)), None)


def _state(content: dict[str, Any], path: str) -> Plan:
    plan = read_state(content, path)
    if plan is None:
        raise InputError("This state has no resources.", file=path)
    return plan


def _template(content: dict[str, Any], path: str, called: str, parameters: Path | None) -> TemplatePlans:
    from operations.export.template_reader import read_template_plans  # noqa: PLC0415 - reads many services' models

    given: dict[str, Value] | None = None
    if parameters:
        given = read_parameters(read_json_or_template(parameters), content, str(parameters))
    try:
        return read_template_plans(content, file=path, called=called, given=given)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError("This template cannot be read.", file=path, found=type(error).__name__) from error


def _require_planned_resource(plan: Plan, path: str) -> Plan:
    changed = (r for r in plan.resources if r.custom and r.operation not in WITHOUT_RESULT)
    if all(r.type.startswith("pulumi:") for r in changed):
        raise InputError("There is nothing to check: no resource is planned.", file=path, key="resources",
                         fix="Find out why the plan is empty: a stack without resources is a mistake.")  # fmt: skip
    return plan
