"""The filters of the report's tables: a text, and values that a column names."""

from __future__ import annotations

from pathlib import Path

from operations.ledger.entry import Kind, Result
from operations.site.writing import write_site
from tests.browser.checks import needs_browser
from tests.browser.chromium import Page
from tests.operations.site.test_changes import change, report

_CHOOSE = """(([label, value]) => {
  const choices = [...document.querySelectorAll(".filter select")];
  const choice = choices.find((one) => one.parentElement.innerText.includes(label));
  choice.value = value;
  choice.dispatchEvent(new Event("change"));
})(%s)"""
_SHOWN = """[...document.querySelectorAll("#changes tbody tr")].filter((row) => !row.hidden)
  .map((row) => row.cells[0].innerText.replace(/\\s+/g, " "))"""


@needs_browser
def test_a_table_shows_the_rows_that_are_chosen_below_their_groups(tmp_path: Path) -> None:
    write_site(
        report(
            change(1, "2026-05-11", result=Result.PARTIAL),
            change(4, "2026-05-12", result=Result.SUCCEEDED, stacks=("platform", "tre-heart")),
            change(7, "2026-05-12", Kind.REFUSAL),
        ),
        tmp_path,
    )
    with Page(tmp_path / "changes.html") as page:
        page.evaluate(_CHOOSE % '["Result", "refused"]', in_page=True)
        assert page.evaluate(_SHOWN, in_page=True) == ["May 2026 3 entries", "2026-05-12 09:00 change 7"]
        page.evaluate(_CHOOSE % '["Result", ""]', in_page=True)
        page.evaluate(_CHOOSE % '["Stack", "platform"]', in_page=True)
        assert page.evaluate(_SHOWN, in_page=True) == ["May 2026 3 entries", "2026-05-12 09:00 change 4"]
        assert page.evaluate('document.querySelector(".filter output").innerText', in_page=True) == "1 of 3 rows"
