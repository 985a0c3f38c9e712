"""`sde policy new`: the generated policy and its test run, and only allowed values pass."""

from __future__ import annotations

import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from formats.errors import InputError
from formats.plan import UNKNOWN
from operations.reports.new_policy import Draft, write
from policies.model import PolicyContext, Resource, Severity, Verdict
from policies.runner import evaluate

DRAFT = Draft(
    id="ZZ9",
    title='Stores "deny" strangers',
    why="Anybody could knock.",
    fix="Set defaultAction to Deny.",
    resource_type="storage:StorageAccount",
    property_path="networkRuleSet.defaultAction",
    allowed=["Deny"],
    severity=Severity.MEDIUM,
    satre=["2.2.09"],
)

MODULE = "policies.rules.storage.stores_deny_strangers"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "policies" / "rules" / "storage").mkdir(parents=True)
    (tmp_path / "tests" / "policies" / "rules").mkdir(parents=True)
    return tmp_path


def module(file: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    made = types.ModuleType(name)
    monkeypatch.setitem(sys.modules, name, made)
    exec(compile(file.read_text(), str(file), "exec"), made.__dict__)  # noqa: S102 - the file that was just generated
    return made.__dict__


def verdict(policy: Any, inputs: dict[str, Any]) -> Verdict:
    resource = Resource("urn:pulumi:s::sde::x::it", "storage:StorageAccount", "it", "s", inputs)
    (finding,) = evaluate(PolicyContext([resource]), {policy.id: policy}).findings
    return finding.verdict


def test_the_policy_checks_the_property(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, _ = write(DRAFT, root)
    policy = module(rule, MODULE, monkeypatch)["POLICY"]
    assert (policy.id, policy.title, policy.severity) == ("ZZ9", DRAFT.title, Severity.MEDIUM)
    assert verdict(policy, {"networkRuleSet": {"defaultAction": "Deny"}}) is Verdict.PASS
    assert verdict(policy, {"networkRuleSet": {"defaultAction": "Allow"}}) is Verdict.FAIL
    assert verdict(policy, {"networkRuleSet": {}}) is Verdict.FAIL
    assert verdict(policy, {"networkRuleSet": UNKNOWN}) is Verdict.UNKNOWN


def test_the_generated_test_passes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, test = write(DRAFT, root)
    module(rule, MODULE, monkeypatch)
    tests = module(test, "tests.policies.rules.test_stores_deny_strangers", monkeypatch)
    tests["test_an_allowed_value_passes"]("Deny")
    tests["test_another_value_fails"]("something else")
    tests["test_a_missing_property_fails"]()
    tests["test_an_unknown_value_is_unknown"]()


def test_values_have_the_types_of_a_plan(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule, _ = write(replace(DRAFT, property_path="isSftpEnabled", allowed=["false", "90"]), root)
    policy = module(rule, MODULE, monkeypatch)["POLICY"]
    assert verdict(policy, {"isSftpEnabled": False}) is Verdict.PASS
    assert verdict(policy, {"isSftpEnabled": 90}) is Verdict.PASS
    assert verdict(policy, {"isSftpEnabled": 0}) is Verdict.FAIL
    assert verdict(policy, {"isSftpEnabled": "false"}) is Verdict.FAIL


def test_both_files_pass_the_linter_and_the_formatter(root: Path) -> None:
    files = [str(file) for file in write(DRAFT, root)]
    ruff = Path(sys.executable).parent / "ruff"
    config = ["--config", str(Path(__file__).parents[3] / "pyproject.toml")]
    subprocess.run([ruff, "format", "--check", *config, *files], check=True, capture_output=True)
    subprocess.run(
        [ruff, "check", "--no-cache", *config, "--ignore", "S101,S105,S106,PLC0415,I001", *files],
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"id": "zz9"},
        {"id": "ST1"},
        {"id": "../ZZ9"},
        {"resource_type": "azure-native:storage:StorageAccount"},
        {"resource_type": 'x:Y"'},
        {"property_path": "a[0]"},
        {"property_path": ""},
        {"resource_type": "storage:Nothing"},
        {"resource_type": "nothing:StorageAccount"},
        {"property_path": "publicAccess"},
        {"property_path": "networkRuleSet.defaultAnswer"},
        {"allowed": []},
        {"allowed": ["Deny", " "]},
        {"satre": []},
        {"satre": ["9.9.99"]},
        {"title": "short"},
        {"why": "line\nline and more"},
    ],
)
def test_an_invalid_draft_is_refused_and_nothing_is_written(root: Path, change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        write(replace(DRAFT, **change), root)
    assert not list(root.rglob("*.py"))


def test_a_new_service_gets_a_folder(root: Path) -> None:
    rule, _ = write(replace(DRAFT, resource_type="web:WebApp", property_path="publicNetworkAccess"), root)
    assert rule.parent.name == "web"
    assert (rule.parent / "__init__.py").is_file()


def test_no_file_is_overwritten(root: Path) -> None:
    (root / "tests" / "policies" / "rules" / "test_stores_deny_strangers.py").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        write(DRAFT, root)
    assert [file.read_text() for file in root.rglob("*.py")] == ["mine"]


def test_text_is_quoted_as_text(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = 'Ends the string " + __import__("os").getcwd() + " \\'
    rule, _ = write(replace(DRAFT, why=hostile, allowed=['"', "\\"]), root)
    made = module(rule, MODULE, monkeypatch)
    assert made["POLICY"].why == hostile
    assert made["POLICY"].requires[0].values == ('"', "\\")
