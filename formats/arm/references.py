"""The ARM types that an id property may refer to, listed for each type and property.

`references.txt` follows Azure's published REST specification (https://github.com/Azure/azure-rest-api-specs), with
azure-native's names. A property that is not listed is not treated as an id. The arguments of a resource's own path are
not listed: they follow from its route (`formats/arm/routes.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("references.txt")
ANY = "*"
"""As a referenced type: a resource of any type. As the referring type: every type that has the path."""
AZURE = "azure-native:"


def kinds(type_: str, path: str) -> frozenset[str]:
    """Return the ARM types, in lower case, of the id at a path such as `ipConfigurations[].subnet.id`.

    `ANY` alone means every type. Empty if the property is not a known id.
    """
    table = references()
    return table.get((type_.removeprefix(AZURE), path)) or table.get((ANY, path)) or frozenset()


@cache
def references() -> Mapping[tuple[str, str], frozenset[str]]:
    """Return ARM types by azure-native type and path."""
    lines = (line.split() for line in TABLE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    return {(type_, path): frozenset(referenced.lower().split("|")) for type_, path, referenced in lines}
