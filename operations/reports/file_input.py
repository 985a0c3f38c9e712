"""The input files of the policy checks: Plans, states, previews and ARM templates."""

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

NOTHING = (Operation.DELETE, Operation.READ)
"""Operations that leave no new or changed resource to check."""
UNNAMEABLE = re.compile(r"[^A-Za-z0-9._-]")
"""Characters that stack names cannot have."""


class PlanInput(NamedTuple):
    """A plan, with a flag for ARM templates, which have no options of the program."""

    plan: Plan
    is_template: bool


def stacks_of(files: Sequence[Path]) -> list[str]:
    """Return a stack name for each template: the file name, with as many of its folders as make it unique, because most
    tools call each of their templates `template.json`."""
    parts = [(*file.absolute().parts[1:-1], file.stem) for file in files]
    return [UNNAMEABLE.sub("-", "-".join(part[-_apart(part, parts) :]))[-100:] for part in parts]


def _apart(one: tuple[str, ...], all_: Sequence[tuple[str, ...]]) -> int:
    """Return the number of last parts of a path that make it unique."""
    count = 1
    while count < len(one) and sum(other[-count:] == one[-count:] for other in all_) > 1:
        count += 1
    return count


def read_plan(file: Path, called: str = "") -> PlanInput:
    """Return the plan in a file: a Plan, a preview, a state or an ARM template.

    `called`: the stack of a template that names none. `InputError` for anything else, and for a plan without resources.
    """
    content = read_json(file)
    if isinstance(content, dict) and "$schema" in content:
        return PlanInput(_template(content, str(file), called), True)
    if is_export(content):
        return PlanInput(_state(content, str(file)), False)
    return PlanInput(_refuse_nothing(read_planned(content, str(file)), str(file)), False)


def _state(content: dict[str, Any], shown: str) -> Plan:
    plan = read_state(content, shown)
    if plan is None:
        raise InputError("This state has no resources.", file=shown)
    return plan


def _template(content: dict[str, Any], shown: str, called: str) -> Plan:
    from operations.export.template_reader import read_template  # noqa: PLC0415 - reads the models of many services

    try:
        return read_template(content, file=shown, called=called)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError("This template cannot be read.", file=shown, found=type(error).__name__) from error


def _refuse_nothing(plan: Plan, shown: str) -> Plan:
    if not any(r.custom and r.operation not in NOTHING and not r.type.startswith("pulumi:") for r in plan.resources):
        raise InputError("There is nothing to check: no resource is planned.", file=shown, key="resources",
                         fix="Find out why the plan is empty: a stack without resources is a mistake.")  # fmt: skip
    return plan
