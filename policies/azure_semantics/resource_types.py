"""Which of azure-native's types take tags, and which stand in a region. The table beside this was made from its SDK."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("resource_types.txt")
AZURE = re.compile(r"^[a-z0-9]+:[A-Z]\w*$")


def is_azures(type_: str) -> bool:
    """Whether a type is azure-native's: `storage:StorageAccount`, and not Pulumi's own or another provider's."""
    return bool(AZURE.match(type_))


def takes_tags(type_: str) -> bool:
    """Whether resources of a type are tagged. One that is not known here is held to it."""
    return "tags" not in _lacking().get(type_, ())


def takes_location(type_: str) -> bool:
    """Whether resources of a type stand in a region of their own. One that is not known here is held to it."""
    return "location" not in _lacking().get(type_, ())


@cache
def _lacking() -> Mapping[str, tuple[str, ...]]:
    lines = (line.split() for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {type_: tuple(lacks) for type_, *lacks in lines}
