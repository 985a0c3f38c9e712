"""The citations of docs/azure-facts.md, and its headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FACTS = (ROOT / "docs" / "azure-facts.md").read_text()
CITATION = re.compile(r"azure-facts\.md((?:[\s,]*#[a-z0-9-]+)+)")


def anchor(heading: str) -> str:
    """Return the anchor that Markdown renderers derive from a heading."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def facts() -> Iterator[tuple[str, str, str]]:
    """Yield each fact as (anchor, text, introduction of its section)."""
    for section in re.split(r"^## ", FACTS, flags=re.MULTILINE)[1:]:
        introduction, *entries = re.split(r"^### ", section, flags=re.MULTILINE)
        for entry in entries:
            heading, _, text = entry.partition("\n")
            yield anchor(heading), text, introduction


def cited() -> dict[str, str]:
    """Return every cited anchor with a file that cites it."""
    folders = ("approvals", "infra", "local_azure", "operations", "policies", "scripts")
    files = (file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    return {
        name: str(file.relative_to(ROOT))
        for file in files
        for citation in CITATION.findall(file.read_text())
        for name in re.findall(r"#([a-z0-9-]+)", citation)
    }


def test_every_cited_fact_has_its_heading() -> None:
    headings = {name for name, _, _ in facts()}
    assert {name: file for name, file in cited().items() if name not in headings} == {}


def test_every_fact_is_cited_or_marked_as_background() -> None:
    names = cited()
    assert [name for name, text, _ in facts() if name not in names and "Background:" not in text] == []


def test_every_fact_has_a_heading_of_its_own_and_a_confidence() -> None:
    names = [name for name, _, _ in facts()]
    assert len(names) == len(set(names)) > 50
    assert [name for name, text, section in facts() if "Confidence:" not in text + section] == []
