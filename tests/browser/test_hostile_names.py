"""Hostile names run nothing and break no page of the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.checks import all_wrong, needs_browser, ran
from tests.browser.chromium import Page
from tests.browser.hostile import NAMES, hostile_reports
from tests.browser.test_report_pages import chosen
from tests.operations.cli.history.made import history

STRANGE = r"""[
  ...document.querySelectorAll("main script, main img, main iframe, main object, base, form[action]"),
  ...[...document.querySelectorAll("*")].filter(one => [...one.attributes].some(({name, value}) =>
    /^on|^style$|^srcdoc$/.test(name) || /^(href|src|xlink:href)$/.test(name) && /^\s*(javascript|data):/i.test(value)))
].map(one => one.outerHTML.slice(0, 200))"""
PARTS = ("header.top", "nav.sections a[aria-current]", "main#main > h1", "footer.bottom", "link[rel=stylesheet]")
OF_FILES = ("index.html", "access.html", "ends.html", "changes.html")
"""The pages that show the names of the estate's files; the other report has hostile texts on all."""


@needs_browser
def test_hostile_names_run_nothing_and_break_no_page(tmp_path_factory: pytest.TempPathFactory) -> None:
    wrong = dict[str, list[str]]()
    files, facts = hostile_reports(history(), tmp_path_factory.mktemp("hostile"))
    for site, pages in ((files, [files / name for name in OF_FILES]), (facts, chosen(facts))):
        for file in pages:
            found = _wrong(file)
            if site == facts and file.name in ("index.html", "changes.html"):
                found += all_wrong(file)
            if found:
                wrong[f"{site.name}/{file.relative_to(site)}"] = found
    assert wrong == {}


def _wrong(file: Path) -> list[str]:
    with Page(file) as page:
        has_run = page.evaluate("window.ran", in_page=True)
        counts = {part: page.evaluate(f"document.querySelectorAll({part!r}).length") for part in PARTS}
        return [
            *([f"has run: {has_run}"] if has_run is not None else []),
            *(f"has {one}" for one in page.evaluate(STRANGE)),
            *(f"has {count} of {part}" for part, count in counts.items() if count != 1),
            *ran(page),
        ]


@needs_browser
def test_a_page_that_runs_a_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f"<main>{''.join(NAMES[:4])}<img src=x onerror='window.ran = 1'></main>")
    found = "\n".join(_wrong(tmp_path / "page.html"))
    assert "has run: 1" in found
    assert "has <script>" in found
    assert "has <img" in found
    assert "has 0 of main#main > h1" in found
