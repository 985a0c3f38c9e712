"""The lines of a template's resources in its file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from formats.json_reader import without_comments

_TOKEN = re.compile(r'"((?:[^"\\]|\\.?)*)(?:"|\Z)(\s*:)?|([{\[])|([}\]])|(,)', re.DOTALL)
"""A string, with the colon after a key, or a sign."""


def lines_of(file: Path) -> dict[str, int]:
    """Return the line of each object in a list or map called `resources`, by its path: `resources[0].resources.a`."""
    text = without_comments(file.read_bytes().decode("utf-8-sig"))
    lines: dict[str, int] = {}
    line, counted = 1, 0
    for path, start in _objects(text):
        line, counted = line + text.count("\n", counted, start), start
        lines[path] = line
    return lines


def _objects(text: str) -> Iterator[tuple[str, int]]:
    """Yield the path and position of each resource. The text is JSON, because it was read before."""
    containers: list[tuple[str, str]] = []
    step = ""
    indexes: list[int] = []
    for token in _TOKEN.finditer(text):
        key, colon, opens, closes, comma = token.groups()
        if colon:
            step = f".{key}"
        elif opens:
            path = f"{containers[-1][1]}{step}".lstrip(".") if containers else ""
            if opens == "{" and containers and containers[-1][1].endswith("resources"):
                yield path, token.start()
            containers.append((opens, path))
            indexes.append(0)
            step = "[0]" if opens == "[" else ""
        elif closes:
            containers.pop()
            indexes.pop()
            step = ""
        elif comma and containers[-1][0] == "[":
            indexes[-1] += 1
            step = f"[{indexes[-1]}]"
