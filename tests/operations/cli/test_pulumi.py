"""The commands on a small stack print the same with the Pulumi CLI and the embedded engine."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from tests.operations.engine.pulumi_lab import STRING, SUBSCRIPTION, Lab, urn
from tests.pulumi_cli import needs_cli

pytestmark = needs_cli

BODY = """
import pulumi_azure_native as azure
for name in ("kept", "lost"):
    azure.resources.ResourceGroup(name, resource_group_name=name, location="uksouth", tags={"owner": "ann"})
word = random.RandomString("word", length=5)
key = random.RandomPassword("key", length=24)
pulumi.export("length", word.length)
pulumi.export("key", key.result)
pulumi.log.warn("mind the gap")
"""
FAILING = """
azure.storage.StorageAccount("first", account_name="first", resource_group_name="absent", location="uksouth",
    kind="StorageV2", sku={"name": "Standard_LRS"}, opts=pulumi.ResourceOptions(depends_on=[key]))
"""
ABSENT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/absent"
PASSING = re.compile(r'[\d.]+ s\b|"(time|seconds|digest)": "?[\w.-]+"?|\d{4}-\d\d-\d\d[ T][\d:.]+Z?')
"""Times."""


def day(lab: Lab, engine: str) -> list[tuple[str, list[str]]]:
    """The output of each command of a day, with sorted lines: steps that run side by side end in any order."""
    said: list[tuple[str, list[str]]] = []

    def sde(*arguments: str, code: int = 0) -> None:
        text = lab.sde(*arguments, "--engine", engine, code=code)
        said.append((" ".join(arguments), sorted(PASSING.sub("#", text).splitlines())))

    lab.program(BODY)
    sde("outputs", "lab", code=2)
    sde("cancel", "lab")
    sde("preview", "lab")
    sde("up", "lab", "--yes")
    sde("up", "lab", "--yes")
    sde("outputs", "lab")
    sde("stacks")
    drift(lab)
    sde("refresh", "lab", "--yes")
    sde("preview", "lab")
    sde("up", "lab", "--yes", "--target", urn("nothing"), code=2)
    sde("import", "lab", STRING, "taken", "abcdef")
    sde("import", "lab", STRING, "word", "abcdef", code=1)
    sde("import", "lab", "azure-native:resources:ResourceGroup", "none", ABSENT, code=1)
    sde("up", "lab", "--yes", code=3)
    lab.program(BODY + f"random.RandomString('taken', length=6, opts=pulumi.ResourceOptions(protect=True))\n{FAILING}")
    sde("up", "lab", "--yes", code=1)
    lab.program(BODY + "raise ValueError('no such ward')")
    sde("up", "lab", "--yes", code=1)
    sde("destroy", "lab", "--yes")
    sde("stacks")
    return said


def drift(lab: Lab) -> None:
    """Change the cloud by hand."""
    with sqlite3.connect(lab.folder / "home/local/azure.db") as database:
        database.execute(
            "UPDATE resource SET properties = json_set(properties, '$.tags.owner', 'x') WHERE name = 'kept'"
        )
        database.execute("DELETE FROM resource WHERE name = 'lost'")
    database.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))


def test_both_engines_print_the_same(tmp_path: Path) -> None:
    one = day(Lab(tmp_path / "lab"), "pulumi")
    (tmp_path / "lab").rename(tmp_path / "first")
    for (command, theirs), (_, ours) in zip(one, day(Lab(tmp_path / "lab"), "embedded"), strict=True):
        assert [command, *theirs] == [command, *ours]


def test_a_difference_from_the_evaluated_plan_exits_3(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.program("random.RandomString('word', length=5)")
    lab.sde("preview", "lab", "--engine", "pulumi")

    def asked(*_: object) -> bool:
        lab.program("random.RandomString('word', length=9)")
        return True

    monkeypatch.setattr("operations.cli.session.Session.agree", asked)
    said = lab.sde("up", "lab", "--engine", "pulumi", code=3)
    assert "a step differs from the checked plan" in said
    assert "word (random:index/randomString:RandomString)" in said
    assert not [
        r for r in lab.engine.export_state("lab")["deployment"].get("resources", []) if "::random:index" in r["urn"]
    ]


def test_json_has_one_object_per_line_and_no_secret(lab: Lab) -> None:
    lab.program("key = random.RandomPassword('key', length=24)\npulumi.export('key', key.result)\nprint('a line')")
    said = lab.sde("up", "lab", "--yes", "--json", "--engine", "pulumi")
    records = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [r["event"] for r in records][:3] == ["plan", "verdict", "stack-started"]
    assert records[-1]["event"] == "summary"
    secret = json.loads(lab.sde("outputs", "lab", "--show-secrets", "--json", "--engine", "pulumi"))["key"]
    assert len(secret) == 24
    assert secret not in said
