"""`sde preview --page`: the page for the comment on a pull request."""

from __future__ import annotations

from pathlib import Path

from formats.plan import Operation, PlannedResource
from operations.cli.change_page import MOST_BYTES, shortened
from tests.operations.cli.fakes import CliRunner, resource

HOSTILE = "x](https://evil.example) @team #1 <img src=x> | `rm` *b*\n# Preview: passed"


def changed(name: str, value: str) -> PlannedResource:
    tags = {"tags": {"owner": value}}
    return resource(name, Operation.UPDATE, inputs=tags, old_inputs={"tags": {"owner": "old"}}, changed=("tags.owner",))


def page(sde: CliRunner, folder: Path, *stacks: str) -> tuple[int, str]:
    file = folder / "page.md"
    code = sde("preview", *(stacks or ("platform",)), "--page", str(file))
    return code, file.read_text()


def test_the_page_has_the_verdict_and_what_changes_once_for_equal_changes(sde: CliRunner, tmp_path: Path) -> None:
    sde.engine.plans["platform"] = (changed("a", "new"), changed("b", "new"))
    code, text = page(sde, tmp_path)
    assert code == 0
    assert text.startswith("# Preview: passed\n\nverdict: passed\n")
    assert "1 stack: 2 to update" in text
    assert text.count('"old" → "new"') == 1
    assert "on 2 storage accounts of platform: a, b" in text


def test_a_refused_preview_has_its_page_with_the_findings_and_fixes(sde: CliRunner, tmp_path: Path) -> None:
    assert sde.gate
    sde.gate.refuses = {"platform"}
    code, text = page(sde, tmp_path)
    assert code == 3
    assert text.startswith("# Preview: refused\n\nverdict: refused\n")
    assert "## 1 finding of the policies blocks" in text
    assert (
        "- **XX1** Stores are shut (high, fail)<br>platform a \\(StorageAccount\\) open is open<br>fix: Shut it."
        in text
    )
    assert "> The policies refuse platform: 1 fail.<br>" in text


def test_what_cannot_be_evaluated_is_not_called_passed(sde: CliRunner, tmp_path: Path) -> None:
    code, text = page(sde, tmp_path, "nowhere")
    assert code == 2
    assert text.startswith("# Preview: not evaluated\n")
    assert "The estate has no such stack." in text
    assert "passed" not in text


def test_hostile_texts_make_no_markup_link_mention_or_heading(sde: CliRunner, tmp_path: Path) -> None:
    sde.engine.plans["platform"] = (changed("a", HOSTILE),)
    _, text = page(sde, tmp_path)
    assert "evil.example" in text
    for acting in ("](http", "https://evil", "@team", "<img", "`rm`", "*b*", " | "):
        assert acting not in text
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# Preview: passed", "# What changes"]


def test_a_page_that_is_too_long_ends_after_a_whole_entry_and_says_so(sde: CliRunner, tmp_path: Path) -> None:
    sde.engine.plans["platform"] = tuple(changed(f"store{n}", f"{n} é " + "x" * 400) for n in range(200))
    _, text = page(sde, tmp_path)
    assert MOST_BYTES - 2000 < len(text.encode()) <= MOST_BYTES
    assert text.endswith("\n**The page ends here: it is too long for a comment.** The run's log has all.\n")
    assert text.splitlines()[-3].startswith("  on storage account store")


def test_a_page_of_one_long_entry_has_the_note_alone() -> None:
    assert shortened("- " + "x\n" * 100, 100).startswith("\n**The page ends here")
