"""Texts about tenancies with a word for the project, so that equal ones are found and shown once."""

from __future__ import annotations

import re
from functools import lru_cache

from formats.stack_names import TENANCY

PROJECT = "‹project›"
"""Stands for the project."""
ADDRESSES = "‹its addresses›"
"""Stands for addresses, which differ in each tenancy."""
_ADDRESSES = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b")


def without_project(text: str, project: str) -> str:
    """Return a text with the word for the project."""
    return _name_of(project).sub(lambda found: (found[1] or "") + PROJECT, text)


def without_addresses(text: str) -> str:
    """Return a text with the word for addresses."""
    return _ADDRESSES.sub(ADDRESSES, text)


@lru_cache(maxsize=256)
def _name_of(project: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9-])({TENANCY})?{re.escape(project)}(?![a-z0-9-])")
