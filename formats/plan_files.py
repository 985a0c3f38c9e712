"""Read files that contain a Plan, a preview of the Pulumi CLI or an exported state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from formats.errors import InputError
from formats.json_reader import read_json
from formats.plan import Plan, PlannedOutput, PlannedResource
from formats.preview_file import is_preview, read_preview
from formats.pulumi_state import is_export, read_export
from formats.urns import is_urn, stack_of
from formats.validation import of_type

STACKS = 2_000
"""Files of other stacks. An estate has about a hundred."""
MAX_NAME_LENGTH = 2_000
"""Characters of a URN. Reports repeat it in every finding."""


class _Content(TypedDict):
    """The required fields of a Plan's JSON. The digest is checked separately."""

    project: str
    stack: str
    cloud: str
    subscription: str
    resources: list[PlannedResource]
    outputs: list[PlannedOutput]


_CONTENT = TypeAdapter(_Content)


def read_neighbours(paths: Sequence[str], folder: Path) -> list[Plan]:
    """Return the plans of other stacks, from files and folders of plans and states below `folder`.

    Empty states are left out. `InputError` for anything else, for two plans of one stack, and without a file.
    """
    files = [file for path in paths for file in _files(folder / path)]
    if not files or len(files) > STACKS:
        raise InputError("The neighbours are not a list of plans and states.", file=", ".join(paths),
                         found=f"{len(files)} files", allowed=f"1 to {STACKS}",
                         fix="Export every other stack of the estate.")  # fmt: skip
    found: dict[str, Plan] = {}
    for file in files:
        content = read_json(file)
        if isinstance(content, dict) and "$schema" in content:
            raise InputError("A template is not a neighbour: it does not contain deployed resources.", file=str(file),
                             allowed="the output of `pulumi stack export` or `sde export plan`")  # fmt: skip
        plan = read_state(content, str(file)) if is_export(content) else read_planned(content, str(file))
        if plan and plan.stack in found:
            raise InputError("Two neighbours have the same stack.", file=str(file), key="stack", found=plan.stack)
        found |= {plan.stack: plan} if plan else {}
    return list(found.values())


def _files(path: Path) -> list[Path]:
    """Return a file, or the JSON files of a folder."""
    return sorted(f for f in path.glob("*.json") if not f.name.startswith(".")) if path.is_dir() else [path]


def read_state(content: dict[str, Any], path: str) -> Plan | None:
    plan = read_export(content, file=path)
    if plan:
        _refuse_foreign_resources(plan, path)
    return plan


def read_planned(content: Any, path: str) -> Plan:
    if isinstance(content, dict) and "digest" in content and "format" in content:
        return _plan(content, path)
    if is_preview(content):
        plan = read_preview(content, path)
        _refuse_foreign_resources(plan, path)
        return plan
    raise InputError("This is neither a plan nor a state nor an ARM template.", file=path, key="$schema",
                     found="no such key",
                     allowed="the output of `sde export plan`, `pulumi preview --json` or `pulumi stack export`, or a "
                     "template with its $schema",
                     fix="Add $schema to a template.")  # fmt: skip


def _plan(content: dict[str, Any], path: str) -> Plan:
    def refuse(key: str, found: str) -> InputError:
        return InputError("This is not a plan.", file=path, key=key, found=found)

    try:
        of_type(_CONTENT, content, refuse)
        plan = Plan.from_json(content)
    except (ValueError, RecursionError) as error:
        raise InputError("This plan cannot be used.", file=path, found=str(error),
                         fix="Write it again with `sde export plan`.") from None  # fmt: skip
    _refuse_foreign_resources(plan, path)
    return plan


def _refuse_foreign_resources(plan: Plan, path: str) -> None:
    """Refuse resources of another stack, and provider types declared as components, which would not be checked."""
    begins = f"urn:pulumi:{plan.stack}::"
    for index, resource in enumerate(plan.resources):
        if not is_urn(resource.urn) or stack_of(resource.urn) != plan.stack or len(resource.urn) > MAX_NAME_LENGTH:
            raise InputError("A resource of the plan is not of its stack.", file=path, key=f"resources[{index}].urn",
                             found=resource.urn, allowed=f"{begins}…, at most {MAX_NAME_LENGTH:,} letters")  # fmt: skip
        if not resource.custom and resource.type.startswith(("azure-native:", "random:")):
            raise InputError("A component has the type of a provider's resource.", file=path,
                             key=f"resources[{index}].custom", found=False, allowed="true")  # fmt: skip
