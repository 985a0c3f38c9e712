"""Checkov as a detector: the templates that it gets, the failures that count, and proof that it read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from formats.errors import Failed
from formats.plan import Operation, Plan, PlannedResource
from operations.mutation.checkov import BOTH, BUILT_IN, CANARY, CheckovDetector, failures_in, installed
from policies.model import Resource, resource_of
from policies.mutations.model import Mutant

STORE = "azure-native:storage:StorageAccount"
PROVIDER = "urn:pulumi:s::sde::pulumi:providers:azure-native::default"
SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"


def store(name: str, **inputs: Any) -> PlannedResource:
    full = {"resourceGroupName": "rg", "accountName": name, "kind": "StorageV2", "location": "uksouth",
            "sku": {"name": "Standard_LRS"}, "publicNetworkAccess": "Disabled", **inputs}  # fmt: skip
    return PlannedResource(f"urn:pulumi:s::sde::{STORE}::{name}", STORE, Operation.CREATE, provider=PROVIDER,
                           inputs=full)  # fmt: skip


def plan(*stores: PlannedResource) -> Plan:
    provider = PlannedResource(PROVIDER, "pulumi:providers:azure-native", Operation.CREATE,
                               inputs={"subscriptionId": SUBSCRIPTION})  # fmt: skip
    return Plan("sde", "s", "local", (provider, *stores))


def mutant(planned: PlannedResource, after: Mapping[str, Any] | None, label: str) -> Mutant:
    before = resource_of(planned, stack="s")
    made = replace(before, inputs={**before.inputs, **after}) if after is not None else None
    return Mutant("s", before.urn, before.type, before.name, label, "harm", before, made)


def answer(failed: Mapping[str, list[str]], errors: int = 0) -> dict[str, Any]:
    checks = [{"file_path": f"/{name}.json", "check_id": check, "resource": "r"} for name, ids in failed.items()
              for check in ids]  # fmt: skip
    return {"results": {"failed_checks": checks}, "summary": {"parsing_errors": errors}}


def fake(finds: Callable[[dict[str, Any]], list[str]], shown: list[str]) -> Callable[[Path], dict[str, Any]]:
    def run(folder: Path) -> dict[str, Any]:
        failed = {CANARY: ["CKV_AZURE_59"]}
        for file in sorted(folder.glob("t*.json")):
            shown.append(file.stem)
            content = json.loads(file.read_text(encoding="utf-8"))
            assert content["$schema"]
            failed[file.stem] = [check for r in content["resources"] for check in finds(r)]
        return answer(failed)

    return run


def opened(made: dict[str, Any]) -> list[str]:
    properties = made["properties"]
    always = ["CKV_AZURE_206"]
    opens = ["CKV_AZURE_59"] if properties["publicNetworkAccess"] == "Enabled" else []
    return always + opens + (["CKV_SDE_ST3"] if properties.get("allowSharedKeyAccess") else [])


def none_near(_: Mutant) -> list[str]:
    return []


def test_earlier_failures_do_not_count_and_built_in_checks_are_apart() -> None:
    data = store("data")
    opens = mutant(data, {"publicNetworkAccess": "Enabled"}, "opened")
    keyed = mutant(data, {"allowSharedKeyAccess": True}, "keyed")
    cooler = mutant(data, {"accessTier": "Cool"}, "cooler")
    check_all = CheckovDetector([plan(data)], none_near, fake(opened, [])).check_all([opens, keyed, cooler])
    both, own = check_all[BOTH], check_all[BUILT_IN]
    assert both[opens.id].by == "CKV_AZURE_59"  # type: ignore[union-attr]
    assert both[keyed.id].by == "CKV_SDE_ST3"  # type: ignore[union-attr]
    assert own[opens.id] == both[opens.id]
    assert own[keyed.id] is None
    assert both[cooler.id] is None


def test_mutants_that_differ_in_names_alone_are_checked_once() -> None:
    one, two = store("one"), store("two")
    shown: list[str] = []
    weak = [mutant(s, {"publicNetworkAccess": "Enabled"}, "opened") for s in (one, two)]
    check_all = CheckovDetector([plan(one, two)], none_near, fake(opened, shown)).check_all(weak)
    assert len(shown) == 2  # before and after
    assert all(check_all[BOTH][m.id] for m in weak)


def test_a_change_without_a_template_is_left_out() -> None:
    data = store("data")
    before = resource_of(data, stack="s")
    unprotected = Mutant("s", before.urn, before.type, "data", "not protected", "harm", before,
                         replace(before, protect=True))  # fmt: skip
    assert CheckovDetector([plan(data)], none_near, fake(opened, [])).check_all([unprotected])[BOTH] == {}


def test_a_removal_is_checked_on_related_resources() -> None:
    data, other = store("data"), store("other")
    gone = mutant(data, None, "removed")
    shown: list[str] = []

    def lonely(made: dict[str, Any]) -> list[str]:
        return ["CKV2_AZURE_1"] if made["name"] == "other" and len(shown) == 2 else []

    check_all = CheckovDetector([plan(data, other)], lambda _: [other.urn], fake(lonely, shown)).check_all([gone])
    assert check_all[BUILT_IN][gone.id]


def test_an_addition_is_checked_alone() -> None:
    added = resource_of(store("new", publicNetworkAccess="Enabled"), stack="s")
    new: Resource = replace(added, type="storage:StorageAccount")
    more = Mutant("s", new.urn, new.type, "new", "added: a store", "harm", None, new)
    check_all = CheckovDetector([plan(store("data"))], none_near, fake(opened, [])).check_all([more])
    assert check_all[BUILT_IN][more.id]


@pytest.mark.parametrize(
    "report",
    [
        {}, {"passed": 0, "failed": 0},
        answer({"t0": ["CKV_AZURE_59"]}),
        answer({CANARY: ["CKV_AZURE_59"]}, errors=1),
    ],
)  # fmt: skip
def test_a_checkov_that_read_nothing_is_an_error(report: dict[str, Any]) -> None:
    with pytest.raises(Failed):
        failures_in(report)


@pytest.mark.skipif(not installed(), reason="scripts/checkov has not made Checkov's environment here")
def test_the_real_checkov_refuses_an_open_store() -> None:
    data = store("data", supportsHttpsTrafficOnly=True)
    opens = mutant(data, {"publicNetworkAccess": "Enabled"}, "opened")
    check_all = CheckovDetector([plan(data)], none_near).check_all([opens])
    assert check_all[BUILT_IN][opens.id].by == "CKV_AZURE_59"  # type: ignore[union-attr]
