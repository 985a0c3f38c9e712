"""Convert the steps of `pulumi preview --json` to a Plan, as the embedded engine produces it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from formats.default_providers import configured_subscription, is_default_provider, without_default_providers
from formats.errors import Failed
from formats.plan import Operation, Plan, PlannedOutput, PlannedResource, planned_outputs
from formats.plan_order import ordered
from formats.property_values import UNKNOWNS, mask, masked_as
from formats.pulumi_state import planned
from formats.urns import ROOT_TYPE, type_of

OPERATIONS: Mapping[str, Operation | None] = {
    "same": Operation.SAME,
    "create": Operation.CREATE,
    "update": Operation.UPDATE,
    "delete": Operation.DELETE,
    "replace": Operation.REPLACE,
    "create-replacement": Operation.REPLACE,
    "delete-replaced": Operation.REPLACE,
    "read": Operation.READ,
    "read-replacement": Operation.READ,
    "import": Operation.IMPORT,
    "import-replacement": Operation.REPLACE,
    "discard": None,
    "discard-replaced": None,
    "remove-pending-replace": None,
    "refresh": None,
}
"""Operations by Pulumi's step names; None for steps that change the state only, not the cloud. The up to three steps of
a replacement are one operation."""

Json = Mapping[str, Any]


def operation(step: str) -> Operation | None:
    """Return the operation of a step; None if it changes the state only. Raises `Failed` for an unknown step."""
    if step not in OPERATIONS:
        raise Failed(f"The Pulumi CLI named a step that this version does not know: {step!r}")
    return OPERATIONS[step]


def after_refresh(steps: Sequence[Json]) -> Sequence[Json]:
    """Return the program's steps of a preview, without those of the refresh before it (`--refresh`).

    The refresh has a step for each resource of the state. The program registers the stack's root first, once.
    """
    roots = [index for index, step in enumerate(steps) if type_of(step["urn"]) == ROOT_TYPE]
    return steps[roots[-1] :] if len(roots) > 1 else steps


def plan_of(
    steps: Iterable[Json],
    project: str,
    stack: str,
    cloud: str,
    config: Json | None = None,
    *,
    update_plan: Json | None = None,
) -> Plan:
    """Return the Plan of a preview's steps.

    `config` is the stack's configuration. `update_plan` is the content of the preview's update plan, which has the new
    outputs; the preview's own document lacks them, so without it the Plan has no outputs.
    """
    steps = list(steps)
    replaced_ids = {s["urn"]: _id(s.get("oldState"), None) for s in steps if s["op"] == "create-replacement"}
    found: dict[tuple[str, str | None], PlannedResource] = {}
    for step in steps:
        done = operation(step["op"])
        if done is None:
            continue
        pending = step["op"] == "delete-replaced" and not _replaced_now(step, replaced_ids)
        done = Operation.DELETE if pending else done
        id_ = _id(step.get("oldState"), None)
        key = (step["urn"], f"delete {id_}" if done is Operation.DELETE else None)
        if key not in found or step["op"] == "replace":
            found[key] = replace(_resource(step, done), pending_delete=pending)
    replaced = {r.urn for r in found.values() if r.operation is Operation.REPLACE}
    resources = [_with_reason(r, replaced) for r in found.values()]
    outputs = _outputs(steps, update_plan) if update_plan else ()
    return Plan(
        project,
        stack,
        cloud,
        ordered(without_default_providers(resources)),
        configured_subscription(config or {}),
        outputs,
    )


def _replaced_now(step: Json, replaced_ids: Mapping[str, str | None]) -> bool:
    """Return True if a delete is part of a replacement in this run, and not left over from an earlier run."""
    missing = "no replacement"
    return replaced_ids.get(step["urn"], missing) in (None, _id(step.get("oldState"), None))


def _outputs(steps: Iterable[Json], update_plan: Json) -> tuple[PlannedOutput, ...]:
    """Return the stack's outputs: the old ones from the root's step, the new ones and the diff from the update plan.

    The root's step is written before the program registers outputs, so its new state has the old ones. Source:
    `ShowPreviewDigest` and `executeRegisterResourceOutputs` of the CLI.
    """
    root = next((step for step in steps if type_of(step["urn"]) == ROOT_TYPE), None)
    if root is None:
        return ()
    found = (update_plan.get("resourcePlans") or {}).get(root["urn"]) or {}
    difference = (found.get("goal") or {}).get("outputDiff") or {}
    changed = {*(difference.get("adds") or ()), *(difference.get("updates") or ())}
    before, after = mask((root.get("oldState") or {}).get("outputs") or {}), mask(found.get("state") or {})
    return planned_outputs(masked_as(before, after), after, changed)


def _with_reason(resource: PlannedResource, replaced: set[str]) -> PlannedResource:
    """Add a missing reason for a replacement: the properties that depend on other replaced resources."""
    if resource.operation is not Operation.REPLACE or resource.replaces:
        return resource
    reasons = tuple(key for key, urns in resource.property_dependencies.items() if replaced & {*urns})
    return replace(resource, changed=tuple(sorted({*resource.changed, *reasons})), replaces=reasons)


def deletion_of(
    resources: Iterable[Json],
    project: str,
    stack: str,
    cloud: str,
    config: Json | None = None,
    *,
    outputs: Json,
) -> Plan:
    """Return the Plan of a destroy, dependents first. Resources that were only read are left out.

    `outputs` are those of the stack; they are removed with its root.
    """
    resources = list(resources)
    whole = any(r["type"] == ROOT_TYPE for r in resources)
    held = [r for r in resources if not r.get("external") and not is_default_provider(r["urn"], r.get("parent"))]
    going = tuple(_resource({"op": "delete", "urn": r["urn"], "oldState": r}, Operation.DELETE) for r in reversed(held))
    kept = planned_outputs(outputs, {} if whole else outputs)
    return Plan(project, stack, cloud, going, configured_subscription(config or {}), kept)


def state_of(step: Json) -> Json:
    """Return the state that a step is about: the old one where the resource goes, or only the state changes."""
    old = step["op"] in ("delete", "delete-replaced") or OPERATIONS[step["op"]] is None
    return step.get("oldState" if old else "newState") or {}


def _resource(step: Json, done: Operation) -> PlannedResource:
    old, new = step.get("oldState"), step.get("newState")
    state = state_of(step) or old or new or {}
    differs = done in (Operation.UPDATE, Operation.REPLACE)
    changed = _changed(step) if differs else ()
    current = planned(state)
    return replace(
        current,
        urn=step["urn"],
        operation=done,
        id=_id(old, new),
        # What becomes secret was so before it was marked.
        old_inputs=masked_as(mask(old.get("inputs") or {}), current.inputs) if old and differs else None,
        changed=changed,
        replaces=_replaces(step, changed) if done is Operation.REPLACE else (),
    )


def _changed(step: Json) -> tuple[str, ...]:
    """Return the paths of the detailed diff, or else the keys that differ.

    The CLI gives no diff for providers, nor for resources replaced with another one.
    """
    if paths := step.get("detailedDiff") or step.get("diffReasons"):
        return tuple(sorted(paths))
    old, new = (mask((step.get(state) or {}).get("inputs") or {}) for state in ("oldState", "newState"))
    return tuple(sorted(key for key in {*old, *new} if old.get(key) != new.get(key)))


def _replaces(step: Json, changed: Iterable[str]) -> tuple[str, ...]:
    kinds = step.get("detailedDiff") or {}
    paths = [path for path in changed if str(kinds.get(path, {}).get("kind", "")).endswith("-replace")]
    return tuple(paths or sorted(step.get("replaceReasons") or changed))


def _id(old: Json | None, new: Json | None) -> str | None:
    """Return the id of an existing resource."""
    for state in (old, new):
        if state and state.get("id") and state["id"] not in UNKNOWNS:
            return str(state["id"])
    return None
