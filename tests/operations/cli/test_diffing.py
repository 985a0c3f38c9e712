from __future__ import annotations

import json
from pathlib import Path

import pytest

from formats.plan import Operation
from tests.operations.cli.fakes import CliRunner, resource


@pytest.fixture(autouse=True)
def changed(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (
        resource("a<b>", Operation.UPDATE, inputs={"tags": {"owner": "new"}}, old_inputs={"tags": {"owner": "old"}},
                 changed=("tags.owner",)),
    )  # fmt: skip


def test_the_diff_of_a_stack_is_grouped_by_meaning(sde: CliRunner) -> None:
    assert sde("diff", "platform") == 0
    assert "Housekeeping" in sde.out
    assert 'tags.owner: "old" → "new"' in sde.out


@pytest.mark.parametrize(("format_", "start"), [("markdown", "# Changes of platform"), ("html", "<!DOCTYPE html>")])
def test_pages(sde: CliRunner, tmp_path: Path, format_: str, start: str) -> None:
    file = tmp_path / "page"
    assert sde("diff", "platform", "--format", format_, "-o", str(file)) == 0
    assert file.read_text().startswith(start)
    assert "a&lt;b&gt;" in file.read_text()


def test_json_is_one_document(sde: CliRunner) -> None:
    assert sde("diff", "platform", "--format", "json") == 0
    document = json.loads(sde.out)
    assert [change["meaning"] for change in document["changes"]] == ["housekeeping"]
    assert document["plan"].startswith("sha256:")


def test_a_refused_change_is_shown_without_a_verdict(sde: CliRunner) -> None:
    from tests.operations.cli.fakes import FakeGate

    sde.gate = FakeGate(refuses={"platform"})
    assert sde("diff", "platform") == 0
    assert "Does not hold" in sde.out


def test_a_file_that_cannot_be_written_is_refused(sde: CliRunner, tmp_path: Path) -> None:
    assert sde("diff", "platform", "-f", "html", "-o", str(tmp_path / "no" / "page")) == 2
    assert "page" in sde.err
