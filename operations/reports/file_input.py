"""Read the input files of the policy checks: Plans, states, previews and ARM templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from formats.errors import InputError
from formats.json_reader import read_json
from formats.plan import Operation, Plan
from formats.plan_files import read_planned, read_state
from formats.pulumi_state import is_export

WITHOUT_RESULT = (Operation.DELETE, Operation.READ)
"""Operations that leave no new or changed resource to check."""
NOT_IN_STACK_NAMES = re.compile(r"[^A-Za-z0-9._-]")
"""Characters that stack names cannot have."""


class PlanInput(NamedTuple):
    """A plan, with a flag for ARM templates, which have no options of the program."""

    plan: Plan
    is_template: bool


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


def read_plan(file: Path, called: str = "") -> PlanInput:
    """Return the plan in a file: a Plan, a preview, a state or an ARM template.

    `called`: the stack name for a template that has none. Raises `InputError` for any other file, and for a plan
    without resources.
    """
    content = read_json(file)
    if isinstance(content, dict) and "$schema" in content:
        return PlanInput(_template(content, str(file), called), True)
    if is_export(content):
        return PlanInput(_state(content, str(file)), False)
    return PlanInput(_require_planned_resource(read_planned(content, str(file)), str(file)), False)


def _state(content: dict[str, Any], path: str) -> Plan:
    plan = read_state(content, path)
    if plan is None:
        raise InputError("This state has no resources.", file=path)
    return plan


def _template(content: dict[str, Any], path: str, called: str) -> Plan:
    from operations.export.template_reader import read_template  # noqa: PLC0415 - reads the models of many services

    try:
        return read_template(content, file=path, called=called)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError("This template cannot be read.", file=path, found=type(error).__name__) from error


def _require_planned_resource(plan: Plan, path: str) -> Plan:
    changed = (r for r in plan.resources if r.custom and r.operation not in WITHOUT_RESULT)
    if all(r.type.startswith("pulumi:") for r in changed):
        raise InputError("There is nothing to check: no resource is planned.", file=path, key="resources",
                         fix="Find out why the plan is empty: a stack without resources is a mistake.")  # fmt: skip
    return plan
