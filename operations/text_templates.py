"""Jinja templates of the pages, documents and scripts that commands write."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def templates_in(folder: Path, *, html: bool, keep_trailing_newline: bool = False) -> Environment:
    """Return the environment of a folder's templates, which refuses undefined values.

    `html`: escape every value for HTML. Other formats have filters of their own, which the templates name.
    """
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=html,  # noqa: S701 - where it is off, the text is no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keep_trailing_newline,
    )
