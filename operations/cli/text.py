"""Operations, types, property values and durations as text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from formats.plan import Operation
from formats.property_changes import ABSENT
from operations.cli.output import printable

SYMBOLS = {
    Operation.CREATE: ("+", "green"),
    Operation.UPDATE: ("~", "yellow"),
    Operation.REPLACE: ("±", "magenta"),
    Operation.DELETE: ("-", "red"),
    Operation.IMPORT: ("=", "cyan"),
    Operation.READ: (">", "dim"),
    Operation.SAME: (" ", "dim"),
}
"""The mark and colour of each operation."""
DONE = {
    Operation.CREATE: "created",
    Operation.UPDATE: "updated",
    Operation.REPLACE: "replaced",
    Operation.DELETE: "deleted",
    Operation.IMPORT: "imported",
    Operation.READ: "read",
    Operation.SAME: "unchanged",
}
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACRONYMS = {"Ip": "IP", "Ssh": "SSH", "Dns": "DNS", "Vm": "VM", "Nic": "NIC", "Id": "ID"}


def kind_of(type_: str) -> str:
    """Return a type token in words: `storage account` for `azure-native:storage:StorageAccount`."""
    words = _CAPITALS.sub(" ", printable(type_).rsplit(":", 1)[-1].removesuffix("ByScope")).split()
    return " ".join(_ACRONYMS.get(word, word if word.isupper() and len(word) > 1 else word.lower()) for word in words)


def span(seconds: float) -> str:
    """Return a duration as text."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def shown(value: Any, width: int = 70) -> str:
    """Return a property's value on one line of limited width."""
    if value is ABSENT:
        return "(none)"
    if isinstance(value, str) and re.fullmatch(r"\[(secret|unknown)\]", value):
        return {"[secret]": "(secret)", "[unknown]": "(known after)"}[value]
    if isinstance(value, str | Mapping | Sequence) or value is None:
        value = json.dumps(value, ensure_ascii=False)
    text = printable(str(value).lower() if isinstance(value, bool) else value)
    return text if len(text) <= width else text[: width - 1] + "…"


def plural(count: int, noun: str) -> str:
    """Return a count and its noun in the right number."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {_many(noun)}"


def _many(noun: str) -> str:
    if noun.endswith("ies"):
        return noun
    if re.search("[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch")) else "s")
