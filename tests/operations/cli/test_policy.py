"""`sde policy check`, `list`, `explain` and `new`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from formats.plan import UNKNOWN, Plan
from operations.settings import ROOT
from tests.operations.cli.fakes import CliRunner, FakeGate, resource
from tests.people import APPROVERS, OWNER


@pytest.fixture
def real(sde: CliRunner, tmp_path: Path) -> CliRunner:
    """A runner with the catalog's own gate, and an estate's folder for its exemptions."""
    (tmp_path / "estate").mkdir()
    sde.gate = None
    sde.engine.has = {"platform": ["a"], "safe-haven": ["a"], "tre-heart": ["a"], "platform-north": ["a"]}
    return sde


def gate(sde: CliRunner) -> FakeGate:
    assert sde.gate
    return sde.gate


def plan_file(folder: Path, **inputs: Any) -> Path:
    file = folder / "plan.json"
    full = {"resourceGroupName": "rg", "accountName": "data", **inputs}
    file.write_text(json.dumps(Plan("sde", "s", "local", (resource("data", inputs=full),)).to_json()))
    return file


def test_a_stack_is_previewed_and_evaluated_but_not_applied(sde: CliRunner) -> None:
    assert sde("policy", "check", "platform") == 0
    assert gate(sde).evaluated == ["platform"]
    assert [call for call, _ in sde.engine.calls] == ["preview", "deployed"]
    assert "policies: 1 check passes" in sde.out


def test_a_refusal_exits_3_after_the_report(sde: CliRunner) -> None:
    gate(sde).refuses = {"platform"}
    assert sde("policy", "check", "platform") == 3
    assert "XX1" in sde.out
    assert "The policies refuse platform: 1 fail" in sde.err


def test_all_evaluates_the_plans_of_every_stack_together(sde: CliRunner) -> None:
    every = len(sde.catalog.stacks)
    sde.engine.has = {s.name: ["a"] for s in sde.catalog.stacks}
    assert sde("policy", "check", "--all") == 0
    assert len(gate(sde).evaluated) == 2 * every  # the plans together, then the deployed states of each cloud
    neighbours = gate(sde).neighbours[0]
    assert neighbours is not None
    assert (neighbours.deployed, len(neighbours.before)) == ((), len(sde.catalog.stacks))


def test_a_plan_from_a_file_is_evaluated_without_an_engine(real: CliRunner, tmp_path: Path) -> None:
    assert real("policy", "check", str(plan_file(tmp_path))) == 3
    assert real.engine.calls == []
    assert "ST1" in real.out


def test_an_unknown_value_blocks(real: CliRunner, tmp_path: Path) -> None:
    file = plan_file(tmp_path, publicNetworkAccess=UNKNOWN)
    assert real("policy", "check", str(file), "--json") == 3
    (found,) = [f for f in real.lines[0]["findings"] if f["policy"] == "ST1"]
    assert found["verdict"] == "unknown"


def test_a_resource_of_an_unknown_type_never_passes(real: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    urn = "urn:pulumi:s::sde::azure-native:web:WebApp::site"
    one = resource("x").__class__(urn=urn, type="azure-native:web:WebApp", operation=resource("x").operation,
                                  inputs={"name": "site", "resourceGroupName": "rg"})  # fmt: skip
    file.write_text(json.dumps(Plan("sde", "s", "local", (one,)).to_json()))
    assert real("policy", "check", str(file), "--json") == 3
    assert ("TY1", "unknown") in [(f["policy"], f["verdict"]) for f in real.lines[0]["findings"]]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "No stack is named"),
        (("nowhere",), "no such stack"),
        (("platform", "plan.json"), "not both"),
        (("plan.json", "--all"), "not both"),
        (("missing.json",), "missing"),
        (("platform", "--whole"), "--all"),
        (("platform", "-o", "/nowhere/report"), "cannot be written"),
        (("platform", "--exemptions", "/nowhere/x.yaml"), "missing"),
    ],
)
def test_wrong_use_is_reported_before_any_work(real: CliRunner, arguments: tuple[str, ...], why: str) -> None:
    assert real("policy", "check", *arguments) == 2
    assert why in real.err
    assert real.engine.calls == []


def test_a_template_without_a_schema_is_refused(real: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text('{"contentVersion": "1.0.0.0", "resources": []}')
    assert real("policy", "check", str(file)) == 2
    assert "$schema" in real.err


@pytest.mark.parametrize("form", ["json", "junit", "sarif", "html", "markdown", "table"])
def test_each_format_is_written_to_a_file(sde: CliRunner, tmp_path: Path, form: str) -> None:
    target = tmp_path / "report"
    assert sde("policy", "check", "platform", "-f", form, "-o", str(target)) == 0
    assert "XX1" in target.read_text() or "1 check" in target.read_text()
    assert f"wrote {target}" in sde.out


def test_a_refused_stack_still_has_its_report_written(sde: CliRunner, tmp_path: Path) -> None:
    gate(sde).refuses = {"platform"}
    target = tmp_path / "report.sarif"
    assert sde("policy", "check", "platform", "-f", "sarif", "-o", str(target)) == 3
    assert len(json.loads(target.read_text())["runs"][0]["results"]) == 1


def test_a_format_on_stdout_is_the_only_output(sde: CliRunner) -> None:
    assert sde("policy", "check", "platform", "-f", "sarif") == 0
    assert json.loads(sde.out)["version"] == "2.1.0"


def exempting(folder: Path, **change: Any) -> Path:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).date()
    entry = {
        "id": "open-store",
        "policy": "ST1",
        "resource": "s:storage:StorageAccount:data",
        "owner": OWNER,
        "approver": APPROVERS[0],
        "second_approver": APPROVERS[1],
        "reason": "The trust can send by SFTP alone until March.",
        "compensating_control": "One address is let in, and every upload is scanned.",
        "granted": today,
        "expires": today + timedelta(days=30),
    }
    file = folder / "exemptions.yaml"
    file.write_text(yaml.safe_dump({"exemptions": [entry | change]}))
    return file


def verdicts(sde: CliRunner) -> dict[str, str]:
    return {f["policy"]: f["verdict"] for f in sde.lines[0]["findings"]}


def test_an_exemption_applies_and_is_reported(real: CliRunner, tmp_path: Path) -> None:
    file = exempting(tmp_path)
    real("policy", "check", str(plan_file(tmp_path)), "--exemptions", str(file), "--json")
    assert verdicts(real)["ST1"] == "exempt"
    assert real.lines[0]["exemptions"][0]["id"] == "open-store"


def test_the_estates_exemptions_apply_by_default(real: CliRunner, tmp_path: Path) -> None:
    exempting(tmp_path / "estate")
    shutil.copy(ROOT / "estate" / "people.yaml", tmp_path / "estate")
    real("--estate", str(tmp_path / "estate"), "policy", "check", str(plan_file(tmp_path)), "--json")
    assert verdicts(real)["ST1"] == "exempt"


def test_an_invalid_exemption_does_not_apply_and_is_reported(real: CliRunner, tmp_path: Path) -> None:
    file = exempting(tmp_path, second_approver=APPROVERS[0])
    assert real("policy", "check", str(plan_file(tmp_path)), "--exemptions", str(file)) == 3
    assert "another person must" in real.out


@pytest.mark.parametrize("text", ["", "exemptions: {", "- a", "exemptions: all", "exemptions:\n  - &a [*a]\n"])
def test_a_malformed_exemptions_file_is_one_error(real: CliRunner, tmp_path: Path, text: str) -> None:
    file = tmp_path / "exemptions.yaml"
    file.write_text(text)
    assert real("policy", "check", str(plan_file(tmp_path)), "--exemptions", str(file)) == 2
    assert "exemptions.yaml" in real.err


def test_the_catalogue_is_listed(sde: CliRunner) -> None:
    assert sde("policy", "list") == 0
    assert "ST1" in sde.out
    assert sde("policy", "list", "--json") == 0
    assert {"id", "title", "severity", "controls"} <= sde.lines[0].keys()


def test_a_policy_is_explained(sde: CliRunner) -> None:
    assert sde("policy", "explain", "st1") == 0
    for said in ("ST1", "why", "publicNetworkAccess", "SATRE 2.2.09", "fix"):
        assert said in sde.out
    assert sde("policy", "explain", "ST1", "--json") == 0
    assert sde.lines[0]["id"] == "ST1"


def test_an_unknown_policy_is_wrong_use(sde: CliRunner) -> None:
    assert sde("policy", "explain", "QQ1") == 2
    assert "ST1" in sde.err


def test_new_refuses_an_existing_id(sde: CliRunner) -> None:
    said = ("--title", "Stores are shut", "--why", "An open one leaks.", "--fix", "Shut the store.")
    what = ("--on", "storage:StorageAccount", "--property", "a.b", "--allowed", "x", "--satre", "2.2.09")
    assert sde("policy", "new", "ST1", *said, *what) == 2
    assert "an id that no policy has" in sde.err


def template(folder: Path, *resources: dict[str, Any], name: str = "template.json") -> Path:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    file = folder / name
    file.write_text(json.dumps({"$schema": schema, "contentVersion": "1.0.0.0", "resources": list(resources)}))
    return file


def account(**properties: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-05-01",
        "name": "somebodys",
        "location": "uksouth",
        "sku": {"name": "Standard_ZRS"},
        "kind": "StorageV2",
        "properties": properties,
    }


def test_a_foreign_template_is_evaluated(real: CliRunner, tmp_path: Path) -> None:
    assert real("policy", "check", str(template(tmp_path, account())), "--json") == 3
    assert verdicts(real)["ST1"] == "fail"
    real("policy", "check", str(template(tmp_path, account(publicNetworkAccess="Disabled"))), "--json")
    assert verdicts(real)["ST1"] == "pass"


def test_policies_on_the_program_do_not_apply_to_templates(real: CliRunner, tmp_path: Path) -> None:
    real("policy", "check", str(template(tmp_path, account())), "--json")
    assert verdicts(real)["GV3"] == "not-applicable"


def test_an_expression_without_a_known_value_blocks(real: CliRunner, tmp_path: Path) -> None:
    file = template(tmp_path, account(publicNetworkAccess="[reference('other').access]"))
    assert real("policy", "check", str(file), "--json") != 0
    if real.lines[0].get("findings"):
        assert verdicts(real)["ST1"] == "unknown"


def test_a_template_without_resources_is_refused(real: CliRunner, tmp_path: Path) -> None:
    assert real("policy", "check", str(template(tmp_path))) == 2
    assert "has no resources" in real.err


def test_a_type_of_azure_without_a_policy_never_passes(real: CliRunner, tmp_path: Path) -> None:
    strange = {"type": "Microsoft.Quantum/workspaces", "apiVersion": "2023-11-13-preview", "name": "q",
               "location": "uksouth", "properties": {}}  # fmt: skip
    assert real("policy", "check", str(template(tmp_path, strange))) in (2, 3)


def test_a_password_in_a_template_is_not_printed(real: CliRunner, tmp_path: Path) -> None:
    machine = {
        "type": "Microsoft.Compute/virtualMachines",
        "apiVersion": "2024-03-01",
        "name": "desk",
        "location": "uksouth",
        "properties": {"osProfile": {"adminUsername": "researcher", "adminPassword": "hunter2-hunter2"}},
    }
    for form in ("table", "json", "sarif", "junit", "html", "markdown"):
        assert real("policy", "check", str(template(tmp_path, machine)), "-f", form) == 3
        assert "hunter2" not in real.out + real.err
