"""Read untrusted YAML as plain data, with limits on size, depth and aliases."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import yaml

from formats.errors import InputError

MAX_BYTES = 1 << 20
"""Far more than a thousand lines of an estate."""
MAX_DEPTH = 20
MAX_VALUES = 200_000
"""The values after aliases are expanded."""
PLAIN = {"tag:yaml.org,2002:" + kind for kind in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")}


LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""The loader of plain data, for files of this repository."""


class _DuplicateKey(yaml.MarkedYAMLError):
    """A key of a map is there twice."""

    def __init__(self, key: yaml.ScalarNode) -> None:
        super().__init__(problem=f"duplicate key {key.value!r}", problem_mark=key.start_mark)
        self.key = str(key.value)


class _Loader(LOADER):  # type: ignore[misc, valid-type]
    """The safe loader, which also refuses duplicate keys: by default the last one wins."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in PLAIN:
                raise yaml.MarkedYAMLError(problem="a key must be plain text", problem_mark=key.start_mark)
            if key.value in seen:
                raise _DuplicateKey(key)
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


class _LimitExceeded(yaml.YAMLError):
    """A limit on depth or values is exceeded at a line."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(f"line {line + 1}: {problem}")


def read_mapping(file: Path, path: str | None = None) -> dict[str, Any]:
    """Return the file's top-level map. Raise `InputError` with the file, and the line of malformed YAML."""
    return parse_mapping(read_text(file, path or str(file)), path or str(file))


def parse_mapping(text: str, path: str, *, is_own: bool = False) -> dict[str, Any]:
    """Return the text's top-level map. `path`: the file in errors. `is_own`: this tool wrote the text, so its depth and
    size need no check."""
    try:
        if not is_own:
            _enforce_limits(text)
        found = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, made stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        key, allowed = (error.key, "each key once") if isinstance(error, _DuplicateKey) else (None, None)
        raise InputError("The file is not well-formed YAML.", file=path, key=key, found=line + str(error.problem),
                         allowed=allowed, fix="Correct that line.") from None  # fmt: skip
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise InputError("The file is not well-formed YAML.", file=path, found=str(error).splitlines()[0]) from None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise InputError("The file must contain a map with text keys.", file=path, found=kind_of(found),
                         allowed="lines such as `key: value`")  # fmt: skip
    return found


def kind_of(value: object) -> str:
    """Return the kind of a YAML value in the words of YAML, for messages."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "a map with the keys " + ", ".join(map(str, list(value)[:5]))
        case list():
            return "a list"
        case _:
            return "one value"


def _enforce_limits(text: str) -> None:
    """Refuse deep nesting, which exhausts the stack, and aliases that expand to huge values, before loading."""
    weights: dict[str, int] = {}
    open_at: list[tuple[str | None, int]] = []
    weight = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_at.pop()
            weights |= {anchor: weight - before} if anchor else {}
            continue
        weight += 1
        if isinstance(event, yaml.AliasEvent):
            weight += weights.get(event.anchor or "", MAX_VALUES)  # an alias inside its own anchor is recursive
        elif isinstance(event, yaml.CollectionStartEvent):
            open_at.append((event.anchor, weight))
        elif isinstance(event, yaml.ScalarEvent) and event.anchor:
            weights[event.anchor] = 1
        if weight > MAX_VALUES or len(open_at) > MAX_DEPTH:
            problem = f"more than {MAX_DEPTH} levels or {MAX_VALUES} values with aliases expanded"
            mark = event.start_mark
            raise _LimitExceeded(problem, mark.line if mark else 0)


def read_text(file: Path, path: str) -> str:
    """Return the text of a file of limited size. Raise `InputError` if it cannot be read."""
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("This is not a file.", file=path)
        if status.st_size > MAX_BYTES:
            raise InputError("The file is too long.", file=path, found=f"{status.st_size} bytes",
                             allowed=f"at most {MAX_BYTES} bytes")  # fmt: skip
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES).decode("utf-8")
    except FileNotFoundError:
        raise InputError("The file is missing.", file=path) from None
    except OSError as error:
        raise InputError("The file cannot be read.", file=path, found=error.strerror) from None
    except UnicodeDecodeError as error:
        raise InputError("The file is not UTF-8 text.", file=path, found=f"byte {error.start}") from None


def within(folder: Path, file: Path, path: str) -> Path:
    """Return the file. Raise `InputError` if it is a link to a file outside the folder."""
    if not file.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            "The file is a link to a file outside the estate.", file=path, fix="Replace the link with the file."
        )
    return file
