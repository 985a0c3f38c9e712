"""Resource types of azure-native: which take tags, and which have a region. The table beside this file is made from its
SDK."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("resource_types.txt")
AZURE = re.compile(r"^[a-z0-9]+:[A-Z]\w*$")


def is_azures(type_: str) -> bool:
    """True for a type of azure-native: `storage:StorageAccount`, and not one of Pulumi or another provider."""
    return bool(AZURE.match(type_))


def takes_tags(type_: str) -> bool:
    """True if resources of a type take tags. A type that is not in the table must have them."""
    return "tags" not in _lacking().get(type_, ())


def takes_location(type_: str) -> bool:
    """True if resources of a type have a region. A type that is not in the table must have one."""
    return "location" not in _lacking().get(type_, ())


@cache
def _lacking() -> Mapping[str, tuple[str, ...]]:
    lines = (line.split() for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {type_: tuple(lacks) for type_, *lacks in lines}
