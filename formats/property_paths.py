"""Property paths in Pulumi's notation: `tags.owner`, `rules[0].name`, `rules[*]`, `tags["cost-centre"]`.

Source: `properties_path.go` of Pulumi's Go SDK. It quotes every key with another character than ASCII letters, digits
and _, but reads more without quotes. In a quoted key only a quote is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache, reduce
from typing import Any

from formats.errors import InputError

Step = str | int
PropertyPath = tuple[Step, ...]
"""Keys and indexes from the root to a value."""
ANY = "*"
"""The step to every item of a list or map."""
_STEP = re.compile(r"""\.?(?P<name>[^.\[\]"]+)|\[(?P<index>\d+|\*)\]|\.?\["(?P<quoted>(?:\\"|[^"])*)"\]""", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9_]+")


@lru_cache(maxsize=8192)
def parse(path: str) -> PropertyPath:
    """Return the steps of a path. Raises `InputError` for malformed text."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise InputError(
                "A property path cannot be read", found=path, allowed="such as tags.owner or rules[*].name"
            )
        position = match.end()
        name, index, quoted = match["name"], match["index"], match["quoted"]
        if index is not None:
            steps.append(ANY if index == ANY else int(index))
        else:
            steps.append(name if name is not None else quoted.replace('\\"', '"'))
    return tuple(steps)


def join(path: PropertyPath) -> str:
    """Return the text of a path; `parse` reverses it."""
    return reduce(child, path, "")


def child(path: str, step: Step) -> str:
    """Return the text of a path one step longer."""
    if isinstance(step, int) or step == ANY:
        return f"{path}[{step}]"
    if _PLAIN.fullmatch(step):
        return f"{path}.{step}" if path else step
    escaped = step.replace('"', '\\"')
    return f'{path}["{escaped}"]'


def get(value: Any, path: PropertyPath, default: Any = None) -> Any:
    """Return the value at a path without `ANY`; the default if it is absent."""
    for step in path:
        try:
            value = default if isinstance(value, str) else value[step]
        except (KeyError, IndexError, TypeError):
            return default
    return value


def put(value: Any, path: PropertyPath, new: Any) -> Any:
    """Return a copy with another value at a path without `ANY`; missing parents are added."""
    if not path:
        return new
    step = path[0]
    if isinstance(step, int):
        return [put(inner, path[1:], new) if i == step else inner for i, inner in enumerate(value)]
    copy = dict(value) if isinstance(value, Mapping) else {}
    copy[step] = put(copy.get(step), path[1:], new)
    return copy


def without(value: Any, path: PropertyPath) -> Any:
    """Return a copy without the value at a path without `ANY`; the value itself where there is none."""
    step = path[0]
    inner = get(value, (step,))
    if inner is None:
        return value
    if len(path) > 1:
        return put(value, (step,), without(inner, path[1:]))
    if isinstance(step, int):
        return [item for i, item in enumerate(value) if i != step]
    return {key: item for key, item in value.items() if key != step}


def find(value: Any, pattern: PropertyPath, path: PropertyPath = ()) -> Iterator[tuple[PropertyPath, Any]]:
    """Yield every value that a pattern matches, with its path."""
    if not pattern:
        yield path, value
        return
    for step, inner in _items(value, pattern[0]):
        yield from find(inner, pattern[1:], (*path, step))


def _items(value: Any, step: Step) -> list[tuple[Step, Any]]:
    if isinstance(value, Mapping):
        return list(value.items()) if step == ANY else [(step, value[step])] if step in value else []
    items = list(enumerate(value)) if isinstance(value, list | tuple) else []
    return [*items] if step == ANY else [(index, item) for index, item in items if index == step]


def matches(pattern: PropertyPath, path: PropertyPath) -> bool:
    """Return True if a pattern matches a path or an ancestor of it."""
    return len(path) >= len(pattern) and all(step in (ANY, part) for step, part in zip(pattern, path, strict=False))
