"""`sde policy check` of ARM templates that others wrote: what the report says first, once and by which name."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from formats.errors import InputError
from formats.json_reader import read_json, read_json_or_template
from operations.export.template_text import lines_of
from operations.reports.file_input import read_plan
from tests.operations.cli.fakes import CliRunner
from tests.operations.cli.test_policy import real

__all__ = ["real"]

TEMPLATE = """{
  // The comment of an author, with a "quote
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "vnetName": {"type": "string", "defaultValue": "vnet1"},
    "source": {"type": "string", "defaultValue": "*"},
    "prefix": {"type": "string"},
    "location": {"type": "string", "defaultValue": "[resourceGroup().location]"}
  },
  "resources": [
    {"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "nsg",
     "location": "[parameters('location')]", "tags": {"url": "https://example.org/*not a comment*/"},
     "properties": {"securityRules": [{"name": "in", "properties": {"priority": 100, "direction": "Inbound",
       "access": "Allow", "protocol": "Tcp", "sourcePortRange": "*", "destinationPortRange": "22",
       "sourceAddressPrefix": "[parameters('source')]", "destinationAddressPrefix": "10.0.0.4"}}]}},
    /* a comment
       of two lines */
    {"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "[parameters('vnetName')]",
     "location": "[
        parameters('location')
     ]",
     "properties": {"addressSpace": {"addressPrefixes": ["[parameters('prefix')]"]}}},
    {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "[uniqueString('a')]",
     "location": "[parameters('location')]", "condition": "[equals(parameters('prefix'), 'x')]",
     "properties": {"publicNetworkAccess": "Enabled"}}
  ]
}
"""
PARAMETERS_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    file = tmp_path / "azuredeploy.json"
    file.write_text(TEMPLATE)
    return file


def parameters(folder: Path, **values: Any) -> Path:
    file = folder / "azuredeploy.parameters.json"
    found = {name: value if isinstance(value, dict) else {"value": value} for name, value in values.items()}
    file.write_text(json.dumps({"$schema": PARAMETERS_SCHEMA, "contentVersion": "1.0.0.0", "parameters": found}))
    return file


def test_failures_come_first_and_open_values_in_one_line(real: CliRunner, template: Path) -> None:
    assert real("policy", "check", str(template)) == 3
    lines = real.out.splitlines()
    failures = [i for i, line in enumerate(lines) if line.startswith("  ✗")]
    unknown = [i for i, line in enumerate(lines) if line.lstrip().startswith("?")]
    assert max(failures) < min(unknown)
    (open_,) = [line for line in lines if line.startswith("? ")]
    assert "parameters (" in open_
    assert all(word in open_ for word in ("location", "prefix", "the resource group", "uniqueString()"))
    assert not any("so this cannot be checked" in line for line in lines)


def test_a_failure_with_a_default_says_so(real: CliRunner, template: Path) -> None:
    real("policy", "check", str(template))
    (line,) = [line for line in real.out.splitlines() if "traffic from *" in line]
    assert line.endswith("(if the default of source is taken)")


def test_a_default_that_passes_stays_unknown(real: CliRunner, template: Path) -> None:
    template.write_text(TEMPLATE.replace('"defaultValue": "*"', '"defaultValue": "10.0.0.5"'))
    real("policy", "check", str(template), "--json")
    found = [f for f in real.lines[0]["findings"] if f["policy"] == "NW6" and f["name"] == "nsg"]
    assert [f["verdict"] for f in found] == ["unknown"]


def test_policies_between_stacks_are_named_once(real: CliRunner, template: Path) -> None:
    real("policy", "check", str(template))
    (line,) = [line for line in real.out.splitlines() if "FL1" in line]
    assert line.startswith("Not evaluated, because a template does not show the other stacks of an estate: ")
    real("policy", "check", str(template), "--whole")
    assert [line for line in real.out.splitlines() if "FL1" in line][-1].endswith("FL1, FL2, FL3, FL4.")


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_documents_list_failures_first_and_open_values_once(real: CliRunner, template: Path, form: str) -> None:
    real("policy", "check", str(template), "-f", form)
    rows = [line for line in real.out.splitlines() if "nsg" in line or "vnet1" in line]
    assert rows
    assert not any("so this cannot be checked" in line for line in real.out.splitlines())
    assert real.out.count("the template leaves these values open") == 1


def test_sarif_has_the_line_of_each_resource(real: CliRunner, template: Path) -> None:
    real("policy", "check", str(template), "-f", "sarif")
    results = json.loads(real.out)["runs"][0]["results"]
    lines = {(r["locations"][0]["logicalLocations"][0]["name"],
              r["locations"][0]["physicalLocation"]["region"]["startLine"]) for r in results}  # fmt: skip
    assert lines == {("nsg", 12), ("vnet1", 19), ("[uniqueString('a')]", 24)}


def test_given_parameters_are_known(real: CliRunner, template: Path, tmp_path: Path) -> None:
    given = parameters(tmp_path, prefix="10.1.0.0/16", source="10.0.0.5", location="uksouth")
    real("policy", "check", str(template), "--parameters", str(given), "--json")
    findings = real.lines[0]["findings"]
    assert {f["verdict"] for f in findings if f["policy"] == "NW6" and f["name"] == "nsg"} == {"pass"}
    assert not any("if the default" in f.get("message", "") for f in findings)
    assert not any(f["name"] == "[uniqueString('a')]" for f in findings)  # its condition is false


@pytest.mark.parametrize(
    ("values", "why"),
    [({"none": "x"}, "does not have this parameter"), ({"prefix": {}}, "has no value")],
)
def test_a_wrong_parameter_file_is_refused(
    real: CliRunner, template: Path, tmp_path: Path, values: dict[str, Any], why: str
) -> None:
    assert real("policy", "check", str(template), "--parameters", str(parameters(tmp_path, **values))) == 2
    assert why in real.err


def test_a_value_that_the_template_does_not_allow_is_refused(real: CliRunner, template: Path, tmp_path: Path) -> None:
    secret = '"prefix": {"type": "secureString", "allowedValues": ["a"]}'
    template.write_text(TEMPLATE.replace('"prefix": {"type": "string"}', secret))
    assert real("policy", "check", str(template), "--parameters", str(parameters(tmp_path, prefix="my-secret"))) == 2
    assert "does not allow this value" in real.err
    assert "my-secret" not in real.err


def test_a_parameter_file_belongs_to_one_template(real: CliRunner, template: Path, tmp_path: Path) -> None:
    given = str(parameters(tmp_path))
    assert real("policy", "check", str(template), str(template), "--parameters", given) == 2
    assert real("policy", "check", str(template), "--parameters", str(template)) == 2
    assert "not a parameter file" in real.err


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (TEMPLATE.replace('"name": "nsg",', '"name": "nsg"'), "line 13, column 6"),
        (TEMPLATE.replace("of two lines */", "without an end"), "line 29"),
        (TEMPLATE.replace('"resources": [', '"resources": [ #'), "line 11, column 18"),
        (TEMPLATE.replace('"nsg"', "'nsg'"), "line 12, column 93"),
        (TEMPLATE.replace("  ]\n}\n", "  ],\n}\n"), "line 28"),
    ],
)
def test_an_error_has_the_line_of_the_file(template: Path, text: str, place: str) -> None:
    template.write_text(text)
    with pytest.raises(InputError, match="not JSON") as refused:
        read_plan(template)
    assert place in str(refused.value)


@pytest.mark.parametrize("text", ['{"a": 1} // x', '{"a": "x\ny"}', '{"$schema": "https://x.invalid"} /* x */'])
def test_only_templates_may_have_comments(tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text)
    with pytest.raises(InputError, match="not JSON"):
        read_json_or_template(file)


def test_a_template_without_extensions_is_read_as_json(template: Path) -> None:
    template.write_text(json.dumps(json.loads('{"$schema": "schema.management.azure.com", "a": "// /* x */"}')))
    assert read_json_or_template(template) == read_json(template)


@pytest.mark.parametrize("part", ['\\"', "/*", "//", '"', '"\\', "/* */ "])
def test_comments_are_read_in_linear_time(tmp_path: Path, part: str) -> None:
    file = tmp_path / "hostile.json"
    file.write_text('{"$schema": "schema.management.azure.com", "a": "' + part * 300_000)
    start = time.process_time()
    with pytest.raises(InputError):
        read_json_or_template(file)
    assert time.process_time() - start < 5


def test_lines_are_those_of_nested_resources_too(tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    nested = {"properties": {"template": {"resources": {"inner": {"tags": {"resources": "x"}}}}}}
    file.write_text(json.dumps({"a": [1, [2]], "resources": [{}, nested, {"resources": [{}]}]}, indent=1))
    lines = file.read_text().splitlines()
    found = lines_of(file)
    assert list(found) == ["resources[0]", "resources[1]", "resources[1].properties.template.resources.inner",
                           "resources[2]", "resources[2].resources[0]"]  # fmt: skip
    assert all("{" in lines[line - 1] for line in found.values())
