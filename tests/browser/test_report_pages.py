"""Every page of the report works for everybody: with the keyboard alone, without scripts, narrow and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.browser.checks import all_wrong, needs_browser
from tests.operations.cli.history.made import IS_WHOLE, history

LIKE_ANOTHER = ("access-computers.html",)
"""The pages of the first folder that have the template of another."""


def chosen(site: Path) -> Iterator[Path]:
    """Yield every page in `scripts/soak`; otherwise one of each kind, which is the largest of a folder."""
    pages = sorted(site.rglob("*.html"), key=lambda page: page.stat().st_size)
    if IS_WHOLE:
        yield from pages
        return
    yield from (page for page in pages if page.parent == site and page.name not in LIKE_ANOTHER)
    for folder in ("changes", "stacks"):
        yield [page for page in pages if page.parent == site / folder][-1]


@needs_browser
def test_every_page_of_a_report_works_for_everybody() -> None:
    site = history().report
    wrong = {str(page.relative_to(site)): found for page in chosen(site) if (found := all_wrong(page))}
    assert wrong == {}
