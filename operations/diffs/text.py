"""Types, property values and numbers as text for readers. Text of a plan may be hostile: it is shortened, and control
characters are replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from formats.property_changes import ABSENT

_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACRONYMS = {"Ip": "IP", "Ssh": "SSH", "Dns": "DNS", "Vm": "VM", "Nic": "NIC", "Id": "ID"}


def printable(value: object) -> str:
    """Replace control characters: names and messages from files or Azure may contain terminal escape sequences."""
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def shortened(value: object, width: int) -> str:
    """Return a value as printable text of at most so many characters."""
    text = printable(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def kind_of(type_: str) -> str:
    """Return a type token in words: `storage account` for `azure-native:storage:StorageAccount`."""
    words = _CAPITALS.sub(" ", printable(type_).rsplit(":", 1)[-1].removesuffix("ByScope")).split()
    return " ".join(_ACRONYMS.get(word, word if word.isupper() and len(word) > 1 else word.lower()) for word in words)


def shown(value: Any, width: int = 70) -> str:
    """Return a property's value on one line of limited width."""
    if value is ABSENT:
        return "(none)"
    if isinstance(value, str) and re.fullmatch(r"\[(secret|unknown)\]", value):
        return {"[secret]": "(secret)", "[unknown]": "(known after)"}[value]
    if isinstance(value, str | Mapping | Sequence) or value is None:
        value = json.dumps(value, ensure_ascii=False)
    return shortened(str(value).lower() if isinstance(value, bool) else value, width)


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
