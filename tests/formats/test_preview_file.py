"""A complete preview that the Pulumi CLI printed is read as a Plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN, Operation
from operations.reports.file_input import read_plan
from policies.plan_evaluation import evaluate_plans

PREFIX = "urn:pulumi:tre-lungs::sde::"
STORE = f"{PREFIX}azure-native:storage:StorageAccount::store"
GROUP = f"{PREFIX}azure-native:resources:ResourceGroup::group"
NOT_YET = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def step(op: str, urn: str, **inputs: Any) -> dict[str, Any]:
    state = {"urn": urn, "type": urn.split("::")[2], "custom": True, "inputs": inputs, "protect": False}
    return {"op": op, "urn": urn, "oldState" if op == "delete" else "newState": state}


def preview(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for one in steps:
        counts[one["op"]] = counts.get(one["op"], 0) + 1
    return {"config": {"sde:cloud": "azure"}, "steps": list(steps), "duration": 7, "changeSummary": counts} | more


def whole() -> dict[str, Any]:
    return preview(
        step("same", GROUP, location="uksouth"),
        step("create", STORE, publicNetworkAccess="Enabled", accountName=NOT_YET, key="[secret]"),
    )


def written(folder: Path, content: Any) -> Path:
    file = folder / "preview.json"
    file.write_text(json.dumps(content))
    return file


def test_a_preview_of_the_cli_is_a_plan(tmp_path: Path) -> None:
    plan, template = read_plan(written(tmp_path, whole()))
    assert (plan.project, plan.stack, plan.cloud, template) == ("sde", "tre-lungs", "azure", None)
    assert [(r.urn, r.operation) for r in plan.resources] == [(GROUP, Operation.SAME), (STORE, Operation.CREATE)]
    assert plan.resources[1].inputs == {"publicNetworkAccess": "Enabled", "accountName": UNKNOWN, "key": SECRET}


def test_a_preview_is_evaluated_like_a_plan(tmp_path: Path) -> None:
    report = evaluate_plans([read_plan(written(tmp_path, whole())).plan])
    assert "ST1" in {finding.policy for finding in report.blocking}


def _with(**more: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda content: content.update(more)


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "without what stays as it is": (lambda c: c["steps"].pop(0), "--show-sames"),
    "without its count": (lambda c: c.pop("changeSummary"), "Field required"),
    "that failed": (_with(diagnostics=[{"severity": "error", "message": "no"}]), "failed"),
    "with an unknown step": (_with(steps=[step("frobnicate", STORE)], changeSummary={}), "frobnicate"),
    "of two stacks": (lambda c: c["steps"].append(step("same", STORE.replace("lungs", "hearts"))), "2 stacks"),
    "that shows what was in place of what would be": (
        lambda c: c["steps"][1].update(oldState=c["steps"][1].pop("newState")), "newState"),
    "of another resource than it says": (lambda c: c["steps"][1]["newState"].update(urn=GROUP), "newState"),
    "with inputs that are a list": (lambda c: c["steps"][1]["newState"].update(inputs=[]), "valid dictionary"),
    "whose store is a component": (lambda c: c["steps"][1]["newState"].update(custom=False), "component"),
    "of nothing": (_with(steps=[], changeSummary={}), "0 stacks"),
    "that only deletes": (_with(steps=[step("delete", STORE)], changeSummary={"delete": 1}), "nothing to check"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_an_invalid_preview_is_refused(tmp_path: Path, name: str) -> None:
    change, says = BROKEN[name]
    content = whole()
    change(content)
    with pytest.raises(InputError) as caught:
        read_plan(written(tmp_path, content))
    error = caught.value
    assert says in f"{error.problem} {error.found} {error.allowed} {error.fix}"
    assert error.file == str(tmp_path / "preview.json")
