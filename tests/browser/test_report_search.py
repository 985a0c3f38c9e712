"""The search of the report, by keyboard. What it finds is text, whatever it is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from operations.estate.public_facts import PublicFacts
from operations.site.facts import StackFacts
from operations.site.writing import write_site
from tests.browser.checks import needs_browser, ran
from tests.browser.chromium import Page
from tests.operations.site.rendering import EMPTY

HOSTILE = "</script><img src=x onerror=alert(1)>"
FOUND = """[...document.querySelectorAll("#search-found a")].map((one) => [one.innerText.replace(/\\s+/g, " "),
  one.getAttribute("href")])"""


def _site(folder: Path) -> Path:
    lung = PublicFacts(title=HOSTILE, approved_on=date(2026, 1, 1), expires=date(2027, 1, 1))
    stacks = [StackFacts(name, "bespoke", "local", "one") for name in ("platform", "tre-heart")]
    stacks.append(StackFacts("tre-lung", "bespoke", "local", "one", public=lung))
    write_site(replace(EMPTY, stacks=tuple(stacks)), folder)
    return folder / "stacks/tre-lung.html"


@needs_browser
def test_a_page_is_found_by_the_words_of_its_title_and_opened_by_keyboard(tmp_path: Path) -> None:
    with Page(_site(tmp_path)) as page:
        page.evaluate("document.getElementById('search-text').focus()", in_page=True)
        page.type("HEART tre")
        assert page.evaluate(FOUND, in_page=True) == [["tre-heart Stacks", "../stacks/tre-heart.html"]]
        page.press("Escape", 27)
        page.type("onerror")
        assert page.evaluate(FOUND, in_page=True) == [[f"{HOSTILE} tre-lung", "../stacks/tre-lung.html"]]
        assert ran(page) == []
        page.press("Escape", 27)
        page.type("tre-heart")
        page.press("ArrowDown", 40)
        assert page.evaluate("document.activeElement.innerText", in_page=True).startswith("tre-heart")
        page.press("Escape", 27)
        assert page.evaluate("document.getElementById('search-found').hidden", in_page=True) is True
        page.type("no such thing")
        assert page.evaluate(FOUND, in_page=True) == []
        assert page.evaluate("document.querySelector('.search-status').textContent", in_page=True) == "0 found"
