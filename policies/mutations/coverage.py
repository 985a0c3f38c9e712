"""Coverage of the tables: every property that the stacks set is weakened, or is harmless for a written reason.

Names are left out: the name of a resource, or of its parent, identifies it, and grants nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from policies.model import Resource
from policies.mutations.model import Rework, Table, Weakening
from policies.mutations.paths import leaves
from policies.mutations.table import COMMON_HARMLESS, COMMON_WEAKENINGS, TABLES

NAMES = re.compile(r"(?i)^(\w*name)$")
"""A name of the resource, or of its parent, at the top of its inputs."""


def uncovered(resources: Iterable[Resource]) -> list[str]:
    """Return the properties that no table has, as `type path`, and the types without a table."""
    found: dict[str, None] = {}
    for resource in resources:
        table = TABLES.get(resource.type)
        if table is None:
            found[f"{resource.type} *"] = None
            continue
        for path in leaves(resource.inputs):
            if not has_property(table, path):
                found[f"{resource.type} {path}"] = None
    return list(found)


def has_property(table: Table, path: str) -> bool:
    """True if a table, or the table for every type, has a property."""
    if NAMES.match(path):
        return True
    harmless = (h.path for h in (*table.harmless, *COMMON_HARMLESS))
    weakened = _weakened((*table.weakenings, *COMMON_WEAKENINGS))
    return any(_is_below(path, known) for known in harmless) or any(_is_same(path, known) for known in weakened)


def _weakened(weakenings: Iterable[Weakening | Rework]) -> Iterator[str]:
    for weakening in weakenings:
        yield from weakening.covers if isinstance(weakening, Rework) else (weakening.path,)


def _is_below(path: str, known: str) -> bool:
    """True if a path is below a harmless one: every part of a harmless value is harmless."""
    known, path = _plain(known), _plain(path)
    return path == known or path.startswith((f"{known}[", f"{known}."))


def _is_same(path: str, known: str) -> bool:
    """True if a path is the weakened one. Weakening a whole does not cover its parts, apart from lists of values and
    references."""
    known, path = _plain(known), _plain(path)
    return path in (known, f"{known}[*]", f"{known}.id")


def _plain(path: str) -> str:
    return re.sub(r'\["([^"]*)"\]', r".\1", path).replace("[0]", "[*]").lstrip(".")
