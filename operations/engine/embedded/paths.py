"""Property paths in Pulumi's notation: `tags.owner`, `rules[0].name`, `rules[*]`, `tags["cost centre"]`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from infra.errors import BadInput
from operations.engine.embedded import values
from operations.engine.embedded.model import Properties

Step = str | int
ANY = "*"
_STEP = re.compile(r"""\.?(?P<name>[^.\[\]"]+)|\[(?P<index>\d+|\*)\]|\.?\["(?P<quoted>(?:[^"\\]|\\.)*)"\]""")
_ABSENT = object()


@lru_cache(maxsize=4096)
def parsed(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises BadInput for what is not one."""
    steps: list[Step] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or match.end() == at:
            raise BadInput("A property path cannot be read", found=path, allowed="such as tags.owner or rules[*].name")
        at = match.end()
        if match["index"] is not None:
            steps.append(ANY if match["index"] == ANY else int(match["index"]))
        else:
            name = match["name"] if match["name"] is not None else match["quoted"].replace('\\"', '"')
            steps.append(name)
    return tuple(steps)


def contains(pattern: str, path: str) -> bool:
    """Whether a path is what the pattern names, or lies below it."""
    wanted, steps = parsed(pattern), parsed(path)
    return len(steps) >= len(wanted) and all(w in (ANY, s) for w, s in zip(wanted, steps, strict=False))


def ignoring(new: Properties, old: Properties, ignored: Sequence[str]) -> Properties:
    """The new properties with the old ones put back wherever a path is ignored."""
    result: Any = new
    for path in ignored:
        result = _put_back(result, old, parsed(path))
    return result if isinstance(result, dict) else new


def _put_back(new: Any, old: Any, steps: tuple[Step, ...]) -> Any:
    """A copy of `new` in which what `steps` lead to is as it is in `old`: also absent, where it is absent there."""
    if not steps:
        return old
    inner_new, inner_old = _open(new), _open(old)
    step, rest = steps[0], steps[1:]
    if isinstance(inner_new, dict):
        keys: Iterable[Step] = list(inner_new) + [k for k in _keys(inner_old) if k not in inner_new]
        result = dict(inner_new)
        for key in keys if step == ANY else [step]:
            value = _put_back(result.get(key, _ABSENT), _get(inner_old, key), rest)
            _set(result, key, value)
        return _closed(result, new)
    if isinstance(inner_new, list):
        length = max(len(inner_new), len(inner_old) if isinstance(inner_old, list) else 0)
        chosen = range(length) if step == ANY else [step] if isinstance(step, int) else []
        items = list(inner_new)
        for index in chosen:
            present = items[index] if index < len(items) else _ABSENT
            value = _put_back(present, _get(inner_old, index), rest)
            if index < len(items):
                items[index] = value
            elif index == len(items) and value is not _ABSENT:
                items.append(value)
        return _closed([i for i in items if i is not _ABSENT], new)
    if new is _ABSENT and inner_old is not None and _get(inner_old, step) is not _ABSENT:
        return _put_back({} if isinstance(inner_old, dict) else [], old, steps)
    return new


def _open(value: Any) -> Any:
    return value["value"] if values.is_secret(value) else value


def _closed(value: Any, like: Any) -> Any:
    return values.secret(value) if values.is_secret(like) else value


def _keys(value: Any) -> Iterable[Step]:
    return value.keys() if isinstance(value, dict) else ()


def _get(value: Any, step: Step) -> Any:
    value = _open(value)
    if isinstance(value, dict):
        return value.get(step, _ABSENT)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return _ABSENT


def _set(target: dict[Any, Any], key: Step, value: Any) -> None:
    if value is _ABSENT:
        target.pop(key, None)
    else:
        target[key] = value
