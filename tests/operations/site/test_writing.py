"""The report as a folder: whole or not at all, never over files of something else, and with no text that is markup."""

from __future__ import annotations

import errno
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.errors import InputError
from operations.access.view import AccessView
from operations.site import writing
from operations.site.facts import SiteFacts, StackFacts
from operations.site.folder import MARKER
from operations.site.pages import Page, Target
from operations.site.writing import pages_of, rendered, search_index, write_site

EMPTY = SiteFacts(
    "A Region", datetime(2026, 11, 30, 18, 5, tzinfo=UTC), "0.1.0", (), None, AccessView(()), None, (), (), ()
)
HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[31m\u202e\"'&{{ 1 }}"


def test_a_report_is_written_again_in_place_of_the_first(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    first = write_site(EMPTY, folder)
    assert folder / "index.html" in first
    assert {file for file in folder.rglob("*") if file.is_file()} == set(first)
    folder.chmod(0o755)
    gone = folder / "stacks/tre-gone.html"
    gone.parent.mkdir(exist_ok=True)
    gone.write_text("of an earlier report")
    marker = json.loads((folder / MARKER).read_text())
    (folder / MARKER).write_text(json.dumps({**marker, "files": [*marker["files"], "stacks/tre-gone.html"]}))

    write_site(replace(EMPTY, organisation="Another Region"), folder)

    assert not gone.exists()
    assert "Another Region" in (folder / "index.html").read_text()
    assert folder.stat().st_mode & 0o777 == 0o755
    assert [one.name for one in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("other", ["notes.txt", "stacks/notes.txt"])
def test_a_folder_with_files_of_something_else_is_refused(tmp_path: Path, other: str) -> None:
    write_site(EMPTY, tmp_path)
    (tmp_path / other).parent.mkdir(exist_ok=True)
    (tmp_path / other).write_text("mine")
    with pytest.raises(InputError, match=other):
        write_site(EMPTY, tmp_path)
    (tmp_path / MARKER).write_text("[")
    with pytest.raises(InputError, match="files of something else"):
        write_site(EMPTY, tmp_path)
    assert (tmp_path / other).read_text() == "mine"


def test_a_file_is_no_folder_for_a_report(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="no folder"):
        write_site(EMPTY, tmp_path / "file")


def test_a_report_that_fails_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "report"
    write_site(EMPTY, folder)
    before = (folder / "index.html").read_bytes()

    def fail(*_: object) -> str:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(writing, "search_index", fail)
    with pytest.raises(OSError, match="no space"):
        write_site(replace(EMPTY, organisation="Another Region"), folder)
    assert (folder / "index.html").read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["report"]


def test_names_are_text_and_never_markup() -> None:
    facts = replace(EMPTY, organisation=HOSTILE, stacks=(StackFacts("tre-x", HOSTILE, HOSTILE, HOSTILE),))
    for page, text in rendered(facts, pages_of(facts)):
        assert "<img" not in text, page.path
        assert "\x1b" not in text, page.path
        assert "\u202e" not in text, page.path


@pytest.mark.parametrize("name", ["../tre-heart", "tre-heart/..", "", "/etc/passwd", "a b"])
def test_no_page_is_outside_the_folder(name: str) -> None:
    with pytest.raises(LookupError, match="cannot have the path"):
        pages_of(replace(EMPTY, stacks=(StackFacts(name, "bespoke", "local", "one"),)))


@given(st.text(alphabet=st.sampled_from("<>/\\\"'!-script\u2028\n\x00&") | st.characters()))
def test_no_text_ends_a_string_of_the_search_index(text: str) -> None:
    index = search_index([Page("index.html", "", text, "overview", {}, (Target(text, text),))])
    found = re.fullmatch(r"window\.reportIndex=(\[.*\]);\n", index)
    assert found
    assert not set(found[1]) & set("<>")
    assert found[1].isascii()
    assert len(json.loads(found[1])) == 2
