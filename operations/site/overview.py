"""The first page: the estate in brief."""

from __future__ import annotations

from collections.abc import Iterator

from operations.site.facts import SiteFacts
from operations.site.pages import Page


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the first page."""
    yield Page("index.html", "overview.html.j2", "The estate in brief", "overview", {})
