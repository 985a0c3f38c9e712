from __future__ import annotations

import json
from pathlib import Path

import pytest

from formats.plan import Operation, PlannedResource
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


def tagged(owner: str, *more: str) -> tuple[PlannedResource, ...]:
    """Return the resources of a plan of an up that leaves these."""
    return tuple(resource(name, Operation.CREATE, inputs={"tags": {"owner": owner}}) for name in ("a", *more))


def three_ups(sde: CliRunner) -> None:
    for resources in (tagged("ann"), tagged("bob", "b"), tagged("cyd")):
        sde.engine.plans["platform"] = resources
        assert sde("up", "platform", "--yes") == 0


def test_the_ledger_keeps_the_diff_of_each_change(sde: CliRunner) -> None:
    three_ups(sde)
    first = next(entry for _, entry in sde.ledger.entries())
    kept = sde.ledger.kept(first.objects["diff"])
    assert [change["sentence"] for change in kept["changes"]] == ["New storage account"]


def test_a_refused_change_is_kept_with_its_diff(sde: CliRunner) -> None:
    assert sde.gate
    sde.gate.refuses = {"platform"}
    assert sde("up", "platform", "--yes") == 3
    (refusal,) = (entry for _, entry in sde.ledger.entries())
    assert "Does not hold" in sde.ledger.kept(refusal.objects["diff"])["changes"][0]["sentence"]


def test_between_two_changes_of_the_ledger(sde: CliRunner) -> None:
    three_ups(sde)
    assert sde("diff", "platform", "--from", "0", "--to", "4") == 0
    assert 'tags.owner: "ann" → "cyd"' in sde.out
    assert "From change 0 of" in sde.out
    assert "To change 4 of" in sde.out
    assert "succeeded, by operating system user ann" in sde.out


def test_by_default_it_is_the_last_change_against_the_one_before(sde: CliRunner) -> None:
    three_ups(sde)
    assert sde("diff", "platform", "--to", "4") == 0
    assert 'tags.owner: "bob" → "cyd"' in sde.out
    assert "Deletes a storage account" in sde.out
    assert sde("diff", "platform", "--to", "0") == 0
    assert "From nothing" in sde.out


@pytest.mark.parametrize("numbers", [("--from", "1"), ("--to", "99"), ("--from", "4", "--to", "2")])
def test_a_number_that_is_no_change_is_refused(sde: CliRunner, numbers: tuple[str, ...]) -> None:
    three_ups(sde)
    assert sde("diff", "platform", *numbers) == 2
    assert numbers[0] in sde.err or "--from" in sde.err


def test_a_stack_without_a_change_is_refused(sde: CliRunner) -> None:
    assert sde("diff", "platform", "--to", "1") == 2
    assert "no change of this stack" in sde.err
