"""The search of the report, by keyboard, and on hostile names: they are found as text and run nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from operations.site.facts import StackFacts
from operations.site.writing import write_site
from tests.browser.checks import needs_browser, ran
from tests.browser.chromium import Page
from tests.operations.site.rendering import EMPTY

HOSTILE = "</script><img src=x onerror=alert(1)> heart"
FOUND = """[...document.querySelectorAll("#search-found a")].map((one) => [one.innerText.replace(/\\s+/g, " "),
  one.getAttribute("href")])"""


def _site(folder: Path) -> Path:
    stacks = [StackFacts(name, HOSTILE, "local", "one") for name in ("platform", "tre-heart", "tre-lung")]
    write_site(replace(EMPTY, organisation=HOSTILE, stacks=tuple(stacks), notes=(HOSTILE,)), folder)
    return folder / "stacks/tre-lung.html"


@needs_browser
def test_a_page_is_found_by_the_words_of_its_title_and_opened_by_keyboard(tmp_path: Path) -> None:
    with Page(_site(tmp_path)) as page:
        page.evaluate("document.getElementById('search-text').focus()", in_page=True)
        page.type("HEART tre")
        assert page.evaluate(FOUND, in_page=True) == [["tre-heart Stacks", "../stacks/tre-heart.html"]]
        page.press("ArrowDown", 40)
        assert page.evaluate("document.activeElement.innerText", in_page=True).startswith("tre-heart")
        page.press("Escape", 27)
        assert page.evaluate("document.getElementById('search-found').hidden", in_page=True) is True
        page.type("no such thing")
        assert page.evaluate(FOUND, in_page=True) == []
        assert page.evaluate("document.querySelector('.search-status').textContent", in_page=True) == "0 found"


@needs_browser
def test_hostile_names_run_nothing_on_any_page(tmp_path: Path) -> None:
    last = _site(tmp_path)
    for file in (last, *(tmp_path / f"{name}.html" for name in ("index", "stacks", "findings"))):
        with Page(file) as page:
            assert ran(page) == [], file.name
            assert page.evaluate("document.querySelectorAll('img').length") == 0
            assert HOSTILE in page.evaluate("document.querySelector('.brand a').innerText"), file.name
