"""Rendered pages of a report, as text and as elements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser

from operations.access.view import AccessView
from operations.site.facts import SiteFacts
from operations.site.pages import Page
from operations.site.writing import pages_of, rendered

EMPTY = SiteFacts(
    "A Region", datetime(2026, 11, 30, 18, 5, tzinfo=UTC), "0.1.0", (), None, AccessView(()), None, (), (), ()
)
"""A report on an estate of which nothing is deployed."""
_OWN = frozenset([
    "html", "head", "meta", "title", "link", "script", "body", "a", "header", "div", "p", "bdi", "span",
    "nav", "ul", "li", "main", "h1", "h2", "h3", "section", "table", "caption", "thead", "tbody", "tr", "th",
    "td", "time", "footer", "dl", "dt", "dd", "code", "small", "strong", "ol", "details", "summary",
    "article", "br",
])  # fmt: skip
"""The elements that our templates have."""


def html_of(facts: SiteFacts, pages: Callable[[SiteFacts], Iterator[Page]]) -> dict[str, str]:
    """Return the HTML of the pages that a module makes, by path, with links as in the whole report."""
    wanted = {page.path for page in pages(facts)}
    return {page.path: text for page, text in rendered(facts, pages_of(facts)) if page.path in wanted}


def text_of(html: str) -> str:
    """Return the text of a page's main part."""
    words = unescape(re.sub(r"<[^>]+>", " ", html.partition("<main")[2])).split()
    return re.sub(r" (?=[.,;:)])", "", " ".join(words))


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag not in _OWN or any(name.startswith("on") or name == "style" for name in names):
            self.wrong.append(f"<{tag} {names}>")
        self.wrong += [f"{name}={value}" for name, value in attrs if name in ("href", "src") and ":" in (value or "")]
        self.ids += [str(value) for name, value in attrs if name == "id"]


def foreign(html: str) -> list[str]:
    """Return the elements, attributes and links that no template of ours has, and ids that are there twice."""
    parser = _Elements()
    parser.feed(html)
    parser.close()
    return [*parser.wrong, *(f"id {one}" for one in set(parser.ids) if parser.ids.count(one) > 1)]
