"""Checkov: checks that are derived from requirements, suppressions with reasons, and complete runs."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from formats.errors import Failed, InputError
from formats.plan import Plan
from operations.export.arm import template
from operations.reports.checkov import scan
from operations.reports.checkovchecks import arm_type, checks, path_of, requirements_of, write_checks
from operations.reports.suppressions import suppressions, with_skips
from operations.settings import ROOT
from policies.checkov.conditions import holds
from policies.model import PolicyContext, Resource, Verdict
from policies.plan_resources import resources_of
from policies.requirements import Operator, Requirement
from policies.rules import load
from policies.runner import evaluate
from tests.operations.export.plans import group, plan_of, store
from tests.policies.shipped import STACKS, before
from tests.policies.test_pack import TODAY, changed

REQUIREMENTS = [
    (policy.id, type_, requirement) for policy in load().values() for type_, requirement in requirements_of(policy)
]
IDS = [f"{id_} {type_} {requirement.path}" for id_, type_, requirement in REQUIREMENTS]
BAD: dict[Operator, list[Any]] = {
    Operator.EQUALS: ["Wrong", None],
    Operator.EQUALS_IF_SET: ["Wrong"],
    Operator.EMPTY: ["there"],
    Operator.NOT_EMPTY: [None],
    Operator.AT_LEAST: [1, None],
}
ENVIRONMENT = ROOT / ".venv-checkov" / "bin" / "checkov"


@cache
def _estates() -> tuple[tuple[Plan, PolicyContext], ...]:
    return tuple((before(s), PolicyContext(resources_of(before(s)), today=TODAY)) for s in STACKS)


@cache
def _entries(stack: str) -> Mapping[str, Mapping[str, Any]]:
    return {r["metadata"]["urn"]: r for r in template(before(stack))["resources"]}


def conditions(policy: str, type_: str) -> list[dict[str, Any]]:
    (check,) = [c for c in checks() if c["policy"] == policy]
    found: list[dict[str, Any]] = check["on"][arm_type(type_)]
    return found


def sample(policy: str, type_: str, requirement: Requirement) -> tuple[Plan, PolicyContext, Resource] | None:
    """Return a shipped resource to which the policy and its requirement apply."""
    path, values = requirement.unless or ("", ())
    for plan, estate in _estates():
        for resource in estate.of(type_):
            own = resource.inputs.get("subnetName") if path == "name" else resource.at(path) if path else None
            if own not in values and load()[policy].applies(resource, estate):
                return plan, estate, resource
    return None


def put(value: Any, path: list[str], new: Any) -> Any:
    """Return the inputs with another value at a path, which is added if missing; None removes it."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if step == "*":
        return [put(item, rest, new) for item in value]
    inner = put((value or {}).get(step), rest, new)
    return {k: v for k, v in {**(value or {}), step: inner}.items() if v is not None}


def refused(policy: str, estate: PolicyContext, resource: Resource) -> bool:
    changed_ = [resource if r.urn == resource.urn else r for r in estate.resources]
    found = evaluate(PolicyContext(changed_, today=TODAY), {policy: load()[policy]}, today=TODAY).findings
    return any(f.urn == resource.urn and f.verdict is Verdict.FAIL for f in found)


@pytest.mark.parametrize(("policy", "type_", "requirement"), REQUIREMENTS, ids=IDS)
def test_check_and_policy_refuse_the_same_weakness(policy: str, type_: str, requirement: Requirement) -> None:
    found = sample(policy, type_, requirement)
    if found is None:
        pytest.skip("no shipped stack has one")
    plan, estate, resource = found
    entry = _entries(plan.stack)[resource.urn]
    assert holds(conditions(policy, type_), dict(entry))
    assert not refused(policy, estate, resource)
    where = [step.strip("[]") for step in path_of(type_, requirement.path)]
    if "*" in where and not resource.at(requirement.path.partition("[*]")[0]):
        pytest.skip("the shipped resource has no entry")
    for bad in _bad(requirement):
        weak = replace(resource, inputs=put(resource.inputs, requirement.path.replace("[*]", ".*").split("."), bad))
        assert refused(policy, estate, weak), f"the gate lets {bad!r} through"
        assert not holds(conditions(policy, type_), put(entry, where, bad)), f"the check lets {bad!r} through"


def _bad(requirement: Requirement) -> list[Any]:
    listed = requirement.operator is Operator.EMPTY and requirement.path.endswith(
        ("Connections", "Rules", "Collections")
    )
    return [[{"name": "there"}]] if listed else BAD[requirement.operator]


def condition(operator: str, *values: Any, path: str = "properties.a") -> list[dict[str, Any]]:
    return [{"path": path.split("."), "operator": operator, "values": list(values)}]


@pytest.mark.parametrize(
    ("conditions", "properties", "held"),
    [
        (condition("equals", True), {"a": True}, True),
        (condition("equals", True), {"a": 1}, False),
        (condition("equals", True), {}, False),
        (condition("equals", "Deny"), {"A": "deny"}, True),
        (condition("equals", "Deny"), {"a": "[parameters('a')]"}, False),
        (condition("equals", 1, path="properties.list.[*].a"), {}, True),
        (condition("equals", 1, path="properties.list.[*].a"), {"list": [{"a": 1}, {}]}, False),
        (condition("equals-if-set", False), {}, True),
        (condition("equals-if-set", False), {"a": None}, True),
        (condition("equals-if-set", False), {"a": True}, False),
        (condition("equals-if-set", False), "[parameters('all')]", False),
        (condition("empty"), {"a": []}, True),
        (condition("empty"), {"a": "[variables('list')]"}, False),
        (condition("empty", path="properties.[*].a"), "[variables('list')]", False),
        (condition("not-empty"), {"a": ""}, False),
        (condition("at-least", 90), {"a": 90}, True),
        (condition("at-least", 90), {"a": True}, False),
        (condition("at-least", 90), {"a": 89}, False),
    ],
)
def test_a_condition_is_evaluated(conditions: list[dict[str, Any]], properties: Any, held: bool) -> None:
    assert holds(conditions, {"name": "n", "properties": properties}) is held


def test_types_without_export_have_checks_too() -> None:
    asked = conditions("PG2", "dbforpostgresql:Server")
    server = {"authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"},
              "dataEncryption": {"type": "AzureKeyVault"}}  # fmt: skip
    assert holds(asked, {"name": "s", "properties": server})
    assert not holds(asked, {"name": "s", "properties": {**server, "dataEncryption": {"type": "SystemManaged"}}})
    assert not holds(asked, {"name": "s", "properties": {}})


def test_checks_are_written_with_a_copy_of_their_module(tmp_path: Path) -> None:
    write_checks(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"__init__.py", "checks.json", "custom.py", "conditions.py"}
    assert json.loads((tmp_path / "checks.json").read_text(encoding="utf-8")) == checks()


def test_every_suppression_names_a_policy_or_a_limit() -> None:
    for one in suppressions():
        assert one.judged_by or one.except_named
        assert len(one.reason) > 100


def test_skips_are_on_the_suppressed_resources_only() -> None:
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


def test_a_check_is_skipped_only_for_a_resource_with_the_property_that_makes_it_wrong() -> None:
    (one,) = (each for each in suppressions() if each.check == "CKV_SDE_KV4")
    key = next(r for r in resources_of(before("tre-hcm-progression")) if r.type == "keyvault:Key")
    assert not one.covers(one.types[0], key, PolicyContext([key]))
    properties = {**key.inputs["properties"], "attributes": {"exportable": True}}
    released = replace(key, inputs={**key.inputs, "properties": properties})
    assert one.covers(one.types[0], released, PolicyContext([released]))


def test_a_check_is_skipped_with_the_reason_that_a_store_gives_in_its_tag() -> None:
    one = next(s for s in suppressions() if s.check == "CKV_AZURE_59")
    store = Resource("urn", "storage:StorageAccount", "inbox", "junction-zone", {"tags": {"public-access": "uploads"}})
    closed = Resource("urn", "storage:StorageAccount", "inbox", "junction-zone", {"tags": {}})
    type_ = "Microsoft.Storage/storageAccounts"
    assert one.covers(type_, store, PolicyContext([store]))
    assert one.reason_for(store).endswith("tag: uploads")
    assert not one.covers(type_, closed, PolicyContext([closed]))


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
    """Return a program that prints this as Checkov would."""
    (folder / "report.json").write_text(report if isinstance(report, str) else json.dumps(report))
    program = folder / "checkov"
    program.write_text(f"#!/bin/sh\ncat '{folder}/report.json'\nprintf '%s' '{error}' >&2\nexit {code}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def said(**summary: int) -> dict[str, Any]:
    """Return a report of passes on a plan of a group and a storage account."""
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


def test_a_complete_run_is_accepted(tmp_path: Path) -> None:
    report = scan([PLAN], fake(tmp_path, said()))
    assert (report.resources, report.failed) == (2, ())
    assert set(report.unused_suppressions) == {s.check for s in suppressions() if not (s.tagged or s.having)}


def _silent_check() -> dict[str, Any]:
    report = said()
    report["results"]["passed_checks"].pop()
    return report


GAPS: dict[str, tuple[Callable[[], Any], int, str, str]] = {
    "a resource less": (lambda: said(resource_count=1), 0, "", "1 of 2 resources"),
    "a file that it cannot read": (lambda: said(parsing_errors=1), 0, "", "could not parse 1 files"),
    "a custom check that said nothing": (_silent_check, 0, "", "did not run CKV_SDE"),
    "a custom check that it cannot load": (said, 0, "Cannot load external check", "ended with 0"),
    "nothing scanned": (lambda: {"passed": 0, "failed": 0}, 0, "", "no ARM template"),
    "no report": (lambda: "oh no", 0, "", "not JSON"),
    "another end": (said, 2, "usage", "ended with 2"),
}
"""A report by a function: the checks are read by a test, not while tests are collected."""


@pytest.mark.parametrize(("report", "code", "error", "words"), GAPS.values(), ids=GAPS)
def test_an_incomplete_run_fails(tmp_path: Path, report: Callable[[], Any], code: int, error: str, words: str) -> None:
    with pytest.raises(Failed, match=words):
        scan([PLAN], fake(tmp_path, report(), code, error))


def test_a_missing_program_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="could not be run"):
        scan([PLAN], tmp_path / "nowhere")


@pytest.mark.skipif(not ENVIRONMENT.exists(), reason="scripts/checkov has not made its environment here; CI makes it")
def test_the_real_checkov_passes_the_shipped_stacks_only() -> None:
    """One run for all cases: a run takes ten seconds."""
    weak = before("junction-zone")  # the smallest stack with stores and subnets
    for edit in (changed("storage:StorageAccount", allowSharedKeyAccess=True, minimumTlsVersion="TLS1_0"),
                 changed("network:Subnet", defaultOutboundAccess=None)):  # fmt: skip
        weak = edit(weak)
    report = scan([*(before(s) for s in STACKS), replace(weak, stack="weaker")], ENVIRONMENT_RUN)
    scanned = [r for p in [*(before(s) for s in STACKS), weak] for r in resources_of(p)]
    assert report.resources == sum(not r.type.startswith(("pulumi:", "random:")) for r in scanned)
    assert {(f.stack, f.check) for f in report.failed} == {
        ("weaker", "CKV_AZURE_44"),
        ("weaker", "CKV_SDE_ST3"),
        ("weaker", "CKV_SDE_ST5"),
        ("weaker", "CKV_SDE_NW4"),
    }
    assert report.unused_suppressions == ()
    assert report.counts["skipped"] > 30


ENVIRONMENT_RUN = ROOT / "scripts" / "checkov"
