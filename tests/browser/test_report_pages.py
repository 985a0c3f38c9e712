"""Every page of the report works for everybody: with the keyboard alone, without scripts, narrow and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.browser.checks import all_wrong, needs_browser
from tests.operations.cli.history.made import IS_WHOLE, history

OFTEN = ("changes", "stacks")
"""The folders of pages of one kind."""


def chosen(site: Path) -> Iterator[Path]:
    """Yield every page in `scripts/soak`; otherwise, of pages of one kind, the smallest and the largest."""
    pages = sorted(site.rglob("*.html"), key=lambda page: page.stat().st_size)
    for folder in (site, *(site / name for name in OFTEN)):
        inside = [page for page in pages if page.parent == folder]
        assert inside, folder
        yield from inside if IS_WHOLE or folder == site else (inside[0], inside[-1])


@needs_browser
def test_every_page_of_a_report_works_for_everybody() -> None:
    site = history().report
    wrong = {str(page.relative_to(site)): found for page in chosen(site) if (found := all_wrong(page))}
    assert wrong == {}
