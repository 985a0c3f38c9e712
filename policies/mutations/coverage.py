"""Holds the tables against what the stacks set: all of it is weakened, or harmless for a reason that is written.

Names are left out: what a resource, or what holds it, is called says which one it is, not what it may do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from policies.model import Resource
from policies.mutations.model import Rework, Table, Weakening
from policies.mutations.paths import leaves
from policies.mutations.table import EVERYTHING, HARMLESS, TABLES

NAMES = re.compile(r"(?i)^(\w*name)$")
"""A name of the resource, or of what it lies in, at the top of its inputs."""


def unsaid(resources: Iterable[Resource]) -> list[str]:
    """The properties that nobody has said anything of, as `type path`; and the types without a table."""
    found: dict[str, None] = {}
    for resource in resources:
        table = TABLES.get(resource.type)
        if table is None:
            found[f"{resource.type} *"] = None
            continue
        for path in leaves(resource.inputs):
            if not said(table, path):
                found[f"{resource.type} {path}"] = None
    return list(found)


def said(table: Table, path: str) -> bool:
    """Whether a table, or what holds for every type, speaks of a property."""
    if NAMES.match(path):
        return True
    harmless = (h.path for h in (*table.harmless, *HARMLESS))
    weakened = _weakened((*table.weakenings, *EVERYTHING))
    return any(_below(path, known) for known in harmless) or any(_same(path, known) for known in weakened)


def _weakened(weakenings: Iterable[Weakening | Rework]) -> Iterator[str]:
    for weakening in weakenings:
        yield from weakening.covers if isinstance(weakening, Rework) else (weakening.path,)


def _below(path: str, known: str) -> bool:
    """What is harmless as a whole is harmless in every part."""
    known, path = _plain(known), _plain(path)
    return path == known or path.startswith((f"{known}[", f"{known}."))


def _same(path: str, known: str) -> bool:
    """What is weakened as a whole says nothing of its parts, but for a list of values and for a mere reference."""
    known, path = _plain(known), _plain(path)
    return path in (known, f"{known}[*]", f"{known}.id")


def _plain(path: str) -> str:
    return re.sub(r'\["([^"]*)"\]', r".\1", path).replace("[0]", "[*]").lstrip(".")
