"""Whose ARM id a property holds: stated for each type and property, never told from a property's name.

The table beside this is taken from Azure's published REST specification (https://github.com/Azure/azure-rest-api-specs),
in azure-native's words. A property that is not in it is taken for no id. The parts of a resource's own path are not in
it: Azure's request says whose names and scope these are (`formats/arm/routes.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("references.txt")
ANY = "*"
"""A resource of any type; in place of a type in the table, every type that has the path."""
AZURE = "azure-native:"


def kinds(type_: str, path: str) -> frozenset[str]:
    """The ARM types, in lower case, that the id at a path can be of: `ipConfigurations[].subnet.id` of
    `azure-native:network:NetworkInterface`. ANY alone: of all of them. Empty: what stands there is no known id."""
    table = references()
    return table.get((type_.removeprefix(AZURE), path)) or table.get((ANY, path)) or frozenset()


@cache
def references() -> Mapping[tuple[str, str], frozenset[str]]:
    """The table: ARM types by azure-native's type and path."""
    lines = (line.split() for line in TABLE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    return {(type_, path): frozenset(whose.lower().split("|")) for type_, path, whose in lines}
