"""Checkov beside our gate: the same expectations, suppressions with reasons, and nothing that it does not see."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from formats.arm.sdk import PREFIX
from formats.errors import Failed, InputError
from formats.plan import Plan
from operations.export.arm import template
from operations.reports.checkov import scanned
from operations.reports.checkovchecks import FILE, arm_type, checks, read, written
from operations.reports.suppressions import suppressions, with_skips
from operations.settings import ROOT
from policies.checkov.holding import holds
from policies.expectations import EXPECTATIONS, Asks, Expectation
from policies.model import PolicyContext, Resource, Verdict
from policies.plan_resources import resources_of
from policies.rules import load
from policies.runner import judge
from tests.operations.export.plans import group, plan_of, store
from tests.policies.shipped import STACKS, before
from tests.policies.test_pack import TODAY, changed

NATIVE = [e for e in EXPECTATIONS if "/" not in e.on]
BAD: dict[Asks, list[Any]] = {
    Asks.MUST: ["Wrong", None],
    Asks.MAY: ["Wrong"],
    Asks.NONE: ["there"],
    Asks.FILLED: [None],
    Asks.LEAST: [1, None],
}
ENVIRONMENT = ROOT / ".venv-checkov" / "bin" / "checkov"


def test_the_checks_on_record_are_those_of_the_catalogue() -> None:
    """`sde policy checkov --write` writes them anew."""
    assert FILE.read_text(encoding="utf-8") == written()


@pytest.mark.parametrize("expectation", EXPECTATIONS, ids=lambda e: f"{e.policy} {e.on} {e.path}")
def test_an_expectation_is_of_a_policy_that_says_it_looks_there(expectation: Expectation) -> None:
    policy = load()[expectation.policy]
    if "/" not in expectation.on:
        assert expectation.on in policy.on
        roots = {read_.rpartition(":")[2].split(".")[0].split("[")[0] for read_ in policy.reads}
        names = {read_.rpartition(":")[2] for read_ in policy.reads}
        assert expectation.path.split(".")[0].split("[")[0] in roots | names


@cache
def _estates() -> tuple[tuple[Plan, PolicyContext], ...]:
    return tuple((before(s), PolicyContext(resources_of(before(s)), today=TODAY)) for s in STACKS)


@cache
def _entries(stack: str) -> Mapping[str, Mapping[str, Any]]:
    return {r["metadata"]["urn"]: r for r in template(before(stack))["resources"]}


def conditions(expectation: Expectation) -> list[dict[str, Any]]:
    (check,) = [c for c in read() if c["policy"] == expectation.policy]
    found: list[dict[str, Any]] = check["on"][arm_type(expectation.on)]
    return found


def samples(expectation: Expectation) -> Iterator[tuple[Plan, PolicyContext, Resource]]:
    """The shipped resources that an expectation is said of, and that it does not excuse."""
    for plan, estate in _estates():
        for resource in estate.of(expectation.on):
            path, values = expectation.unless or ("", ())
            own = resource.inputs.get("subnetName") if path == "name" else resource.at(path) if path else None
            if own not in values:
                yield plan, estate, resource


def put(value: Any, path: list[str], new: Any) -> Any:
    """The inputs with another value at a path, made where it is not; None takes it away."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if step == "*":
        return [put(item, rest, new) for item in value]
    inner = put((value or {}).get(step), rest, new)
    return {k: v for k, v in {**(value or {}), step: inner}.items() if v is not None}


def refused(expectation: Expectation, estate: PolicyContext, resource: Resource) -> bool:
    changed_ = [resource if r.urn == resource.urn else r for r in estate.resources]
    policy = {expectation.policy: load()[expectation.policy]}
    found = judge(PolicyContext(changed_, today=TODAY), policy, today=TODAY).findings
    return any(f.urn == resource.urn and f.verdict is Verdict.FAIL for f in found)


@pytest.mark.parametrize("expectation", NATIVE, ids=lambda e: f"{e.policy} {e.on} {e.path}")
def test_the_check_and_the_rule_refuse_the_same_weakness(expectation: Expectation) -> None:
    plan, estate, resource = next(samples(expectation), (None, None, None))
    if plan is None or estate is None or resource is None:
        pytest.skip("no shipped stack has one")
    asked = conditions(expectation)
    entry = _entries(plan.stack)[resource.urn]
    assert holds(asked, dict(entry))
    assert not refused(expectation, estate, resource)
    steps = expectation.path.replace("[*]", ".*").split(".")
    where = next(c["path"] for c in asked if list(c["values"]) == list(expectation.values)
                 and c["path"][-1].lower() == _last(expectation).lower())  # fmt: skip
    for bad in _bad(expectation):
        weak = replace(resource, inputs=put(resource.inputs, steps, bad))
        assert refused(expectation, estate, weak), f"the gate lets {bad!r} through"
        assert not holds(asked, put(entry, [s.strip("[]") for s in where], bad)), f"the check lets {bad!r} through"


def _bad(expectation: Expectation) -> list[Any]:
    listed = expectation.asks is Asks.NONE and expectation.path.endswith(("Connections", "Rules"))
    return [[{"name": "there"}]] if listed else BAD[expectation.asks]


def _last(expectation: Expectation) -> str:
    """ARM's name of an expectation's property."""
    from operations.export.paths import arm_path

    return arm_path(PREFIX + expectation.on, expectation.path)[-1]


def asks(kind: str, *values: Any, path: str = "properties.a") -> list[dict[str, Any]]:
    return [{"path": path.split("."), "asks": kind, "values": list(values)}]


@pytest.mark.parametrize(
    ("conditions", "properties", "held"),
    [
        (asks("must", True), {"a": True}, True),
        (asks("must", True), {"a": 1}, False),
        (asks("must", True), {}, False),
        (asks("must", "Deny"), {"A": "deny"}, True),
        (asks("must", "Deny"), {"a": "[parameters('a')]"}, False),
        (asks("may", False), {}, True),
        (asks("may", False), {"a": None}, True),
        (asks("may", False), {"a": True}, False),
        (asks("may", False), "[parameters('all')]", False),
        (asks("none"), {"a": []}, True),
        (asks("none"), {"a": "[variables('list')]"}, False),
        (asks("none", path="properties.[*].a"), "[variables('list')]", False),
        (asks("filled"), {"a": ""}, False),
        (asks("least", 90), {"a": 90}, True),
        (asks("least", 90), {"a": True}, False),
        (asks("least", 90), {"a": 89}, False),
    ],
)
def test_what_a_check_holds(conditions: list[dict[str, Any]], properties: Any, held: bool) -> None:
    assert holds(conditions, {"name": "n", "properties": properties}) is held


def test_checks_for_what_the_exporter_does_not_know_ask_it_too() -> None:
    (check,) = [c for c in checks() if c["id"] == "CKV_SDE_PG2"]
    server = {"authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"},
              "dataEncryption": {"type": "AzureKeyVault"}}  # fmt: skip
    (asked,) = check["on"].values()
    assert holds(asked, {"name": "s", "properties": server})
    assert not holds(asked, {"name": "s", "properties": {**server, "dataEncryption": {"type": "SystemManaged"}}})
    assert not holds(asked, {"name": "s", "properties": {}})


def test_every_suppression_is_judged_by_a_policy_or_leaves_some_out() -> None:
    for one in suppressions():
        assert one.judged_by or one.except_named
        assert len(one.reason) > 100


def test_skips_stand_on_the_resources_that_they_are_said_of_and_nowhere_else() -> None:
    skips = {
        (stack, entry["metadata"]["urn"].rpartition("::")[2], skip.split(":")[1].removeprefix("skip="))
        for stack in STACKS
        for entry in with_skips(template(before(stack)), before(stack), suppressions())["resources"]
        for skip in entry["metadata"].get("checkov", [])
    }
    assert ("safe-haven", "landing", "CKV_AZURE_206") in skips
    assert ("safe-haven", "archive", "CKV_AZURE_206") not in skips
    assert ("tre-hcm-progression", "data", "CKV_AZURE_36") in skips
    keys = {stack for stack, _, check in skips if check == "CKV_AZURE_112"}
    assert keys == {"tre-hcm-progression"}


BROKEN: dict[str, str] = {
    "no list": "suppressions: {}",
    "a stranger beside it": "suppressions: []\nothers: []",
    "no reason": "suppressions: [{check: CKV_AZURE_1, types: [A/b], judged_by: [ST1], reason: short}]",
    "no policy": "suppressions: [{check: CKV_AZURE_1, types: [A/b], judged_by: [XX1], reason: '" + "x" * 80 + "'}]",
    "every check": "suppressions: [{check: '*', types: [A/b], judged_by: [ST1], reason: '" + "x" * 80 + "'}]",
    "all of it, judged by nobody": "suppressions: [{check: CKV_AZURE_1, types: [A/b], judged_by: [], reason: '"
    + "x" * 80 + "'}]",
    "a check of ours": "suppressions: [{check: CKV_SDE_ST3, types: [A/b], judged_by: [ST1], reason: '"
    + "x" * 80 + "'}]",
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_suppression_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(InputError, match=r"s\.yaml"):
        suppressions(tmp_path / "s.yaml")


def fake(folder: Path, report: Any, code: int = 0, error: str = "") -> Path:
    """A Checkov that says this."""
    (folder / "report.json").write_text(report if isinstance(report, str) else json.dumps(report))
    program = folder / "checkov"
    program.write_text(f"#!/bin/sh\ncat '{folder}/report.json'\nprintf '%s' '{error}' >&2\nexit {code}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def said(**summary: int) -> dict[str, Any]:
    """A report in which everything passes, on a plan of a group and a store."""
    passed = [
        {"check_id": c["id"], "check_name": "n", "resource": "Microsoft.Storage/storageAccounts.stsdehub",
         "file_path": "/platform.0.json", "check_result": {"result": "PASSED"}}
        for c in checks() if "Microsoft.Storage/storageAccounts" in c["on"]
    ]  # fmt: skip
    return {
        "check_type": "arm",
        "summary": {"resource_count": 2, "parsing_errors": 0, "checkov_version": "3", **summary},
        "results": {"passed_checks": passed, "failed_checks": [], "skipped_checks": []},
    }


ROOM = group()
PLAN = plan_of(ROOM, store(ROOM))


def test_a_run_that_saw_everything_is_believed(tmp_path: Path) -> None:
    report = scanned([PLAN], fake(tmp_path, said()))
    assert (report.resources, report.failed) == (2, ())
    assert set(report.idle) == {s.check for s in suppressions()}


def _silent_check() -> dict[str, Any]:
    report = said()
    report["results"]["passed_checks"].pop()
    return report


GAPS: dict[str, tuple[Any, int, str, str]] = {
    "a resource less": (said(resource_count=1), 0, "", "1 of 2 resources"),
    "a file that it cannot read": (said(parsing_errors=1), 0, "", "could not read 1 files"),
    "a custom check that said nothing": (_silent_check(), 0, "", "did not ask CKV_SDE"),
    "a custom check that it cannot load": (said(), 0, "Cannot load external check", "ended with 0"),
    "nothing scanned": ({"passed": 0, "failed": 0}, 0, "", "no ARM template"),
    "no report": ("oh no", 0, "", "no JSON"),
    "another end": (said(), 2, "usage", "ended with 2"),
}


@pytest.mark.parametrize(("report", "code", "error", "words"), GAPS.values(), ids=GAPS)
def test_what_checkov_did_not_see_fails_the_run(tmp_path: Path, report: Any, code: int, error: str, words: str) -> None:
    with pytest.raises(Failed, match=words):
        scanned([PLAN], fake(tmp_path, report, code, error))


def test_a_program_that_is_not_there_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="could not be run"):
        scanned([PLAN], tmp_path / "nowhere")


@pytest.mark.skipif(not ENVIRONMENT.exists(), reason="scripts/checkov has not made its environment here; CI makes it")
def test_checkov_itself_passes_the_shipped_stacks_and_refuses_a_weaker_one() -> None:
    """One run for all: it takes ten seconds."""
    weak = before("safe-haven")
    for edit in (changed("storage:StorageAccount", allowSharedKeyAccess=True, minimumTlsVersion="TLS1_0"),
                 changed("network:Subnet", defaultOutboundAccess=None)):  # fmt: skip
        weak = edit(weak)
    report = scanned([*(before(s) for s in STACKS), replace(weak, stack="weaker")], ENVIRONMENT_RUN)
    assert report.resources == sum(len(resources_of(p)) for p in [*(before(s) for s in STACKS), weak])
    assert {(f.stack, f.check) for f in report.failed} == {
        ("weaker", "CKV_AZURE_44"),
        ("weaker", "CKV_SDE_ST3"),
        ("weaker", "CKV_SDE_NW4"),
    }
    assert report.idle == ()
    assert report.counts["skipped"] > 30


ENVIRONMENT_RUN = ROOT / "scripts" / "checkov"
