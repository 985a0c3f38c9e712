"""Write the report: all pages, their style and script, and the index of the search, as one folder."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from operations.diffs.text import plural, printable, shortened
from operations.site import (
    access_pages,
    changes,
    controls_page,
    ends_page,
    estate_map,
    findings_page,
    flows_page,
    overview,
    quotas,
    stack_pages,
)
from operations.site.facts import SiteFacts
from operations.site.folder import FORMAT, MARKER, PAGE, replacement
from operations.site.pages import SECTIONS, Page, Section, stack_path
from operations.text_templates import templates_in

_FOLDER = Path(__file__).parent
_ASSETS = ("site.css", "site.js")
_INDEX = "assets/search.js"
_DIGEST = re.compile(r"(sha256:[0-9a-f]{8})[0-9a-f]{56}")

MODULES: Sequence[Callable[[SiteFacts], Iterator[Page]]] = (
    overview.pages,
    estate_map.pages,
    stack_pages.pages,
    changes.pages,
    access_pages.pages,
    flows_page.pages,
    controls_page.pages,
    ends_page.pages,
    quotas.pages,
    findings_page.pages,
)
"""The functions that make the pages, in the order of the navigation."""


def pages_of(facts: SiteFacts) -> Sequence[Page]:
    """Return all pages of the report."""
    pages = [page for module in MODULES for page in module(facts)]
    if len({page.path for page in pages}) < len(pages):
        raise LookupError("two pages of the report have the same path")
    if wrong := [page.path for page in pages if not PAGE.fullmatch(page.path)]:
        raise LookupError(f"a page of the report cannot have the path {wrong[0]!r}")
    return pages


def write_site(facts: SiteFacts, folder: Path) -> Sequence[Path]:
    """Write the report into a folder, and return its files. A report that is there is replaced as a whole.

    `InputError` for a folder with files that no report wrote. If anything fails, the folder is as before.
    """
    with replacement(folder) as new:
        files = _write_files(facts, new)
    return [folder / file for file in files]


def _write_files(facts: SiteFacts, folder: Path) -> Sequence[str]:
    pages = pages_of(facts)
    files = [*(f"assets/{name}" for name in _ASSETS), _INDEX, *(page.path for page in pages), MARKER]
    for parent in {(folder / file).parent for file in files}:
        parent.mkdir(parents=True, exist_ok=True)
    for name in _ASSETS:
        shutil.copyfile(_FOLDER / "assets" / name, folder / "assets" / name)
    (folder / _INDEX).write_text(search_index(pages), encoding="utf-8")
    for page, text in rendered(facts, pages):
        (folder / page.path).write_text(text, encoding="utf-8")
    marker = {"format": FORMAT, "made": facts.made.isoformat(timespec="seconds"), "files": files}
    (folder / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")
    return files


def rendered(facts: SiteFacts, pages: Sequence[Page]) -> Iterator[tuple[Page, str]]:
    """Yield each page with its HTML."""
    environment = _environment()
    links = Links(facts, frozenset(page.path for page in pages))
    sections = [section for section in SECTIONS if section.path in links.paths]
    for page in pages:
        common = _Common(facts, page, page.root, sections, links)
        yield page, environment.get_template(page.template).render(**vars(common), **page.values)


@dataclass(frozen=True)
class Links:
    """The pages that can be linked."""

    facts: SiteFacts
    paths: frozenset[str]

    def stack(self, name: str) -> str | None:
        """Return the path of a stack's page; None if it has none."""
        return self._known(stack_path(name))

    def change(self, number: int | str, cloud: str = "") -> str | None:
        """Return the path of the page of a change, by the number of its entry; None if it has none."""
        number = str(number)
        found = self.facts.changes_by_number.get((cloud, int(number))) if number.isdecimal() else None
        return self._known(found.path) if found else None

    def _known(self, path: str) -> str | None:
        return path if path in self.paths else None


@dataclass(frozen=True)
class _Common:
    """The variables of every template."""

    facts: SiteFacts
    page: Page
    root: str
    sections: Sequence[Section]
    links: Links


@cache
def _environment() -> Environment:
    environment = templates_in(_FOLDER / "templates", html=True)
    environment.finalize = _shown
    environment.filters |= {"short": shortened, "day": _day, "minute": _minute, "count": "{:,}".format,
                            "brief": _brief, "day_after": _day_after}  # fmt: skip
    environment.globals |= {"plural": plural}
    return environment


def _shown(value: Any) -> Any:
    """Return what a template shows of a value: text of files, Azure or the ledger, without its control characters."""
    return value if isinstance(value, Markup) else printable(value)


def _day(value: date | datetime | str) -> str:
    """Return a day as YYYY-MM-DD. A text begins with it."""
    return value[:10] if isinstance(value, str) else f"{value:%Y-%m-%d}"


def _day_after(value: date | str) -> str:
    """Return the day after a last valid day: the one on which a thing ends. A text that is no day stays as it is."""
    try:
        return f"{date.fromisoformat(str(value)[:10]) + timedelta(days=1):%Y-%m-%d}"
    except (ValueError, OverflowError):
        return str(value)


def _minute(value: datetime | str) -> str:
    """Return a time in UTC as YYYY-MM-DD HH:MM."""
    return value[:16].replace("T", " ") if isinstance(value, str) else f"{value:%Y-%m-%d %H:%M}"


def _brief(text: str) -> str:
    """Return a text with the beginnings of its digests alone. The page that it links to has them whole."""
    return _DIGEST.sub(r"\1…", text)


def search_index(pages: Sequence[Page]) -> str:
    """Return the script with the texts that the search finds. Nothing in a text can end a string of it."""
    titles = {section.key: section.title for section in SECTIONS}
    entries = [[page.title, titles[page.section], page.path] for page in pages]
    entries += [
        [target.text, page.title, page.path + (f"#{target.anchor}" if target.anchor else "")]
        for page in pages
        for target in page.targets
    ]
    shown = [[printable(part) for part in entry] for entry in entries]
    text = json.dumps(shown, separators=(",", ":")).replace("<", r"\u003c").replace(">", r"\u003e")
    return f"window.reportIndex={text};\n"
