"""Every page of the report works for everybody: with the keyboard alone, without scripts, narrow and on paper."""

from __future__ import annotations

from tests.browser.checks import all_wrong, needs_browser
from tests.browser.report import report_of_history


@needs_browser
def test_every_page_of_a_report_works_for_everybody() -> None:
    site = report_of_history()
    pages = sorted(site.rglob("*.html"))
    wrong = {str(page.relative_to(site)): found for page in pages if (found := all_wrong(page))}
    assert wrong == {}
