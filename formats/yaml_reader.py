"""YAML that people write, read as plain data and nothing more: every file is hostile until it is validated."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import yaml

from formats.errors import InputError

LONGEST = 1 << 20
"""Bytes: far more than a thousand lines of an estate."""
DEEPEST = 20
HEAVIEST = 200_000
"""Values, each alias counted as what it stands for."""
PLAIN = {"tag:yaml.org,2002:" + kind for kind in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")}


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """Safe, and closed to keys that are there twice, which YAML lets the last of win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in PLAIN:
                raise yaml.MarkedYAMLError(problem="a key must be plain text", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} is there twice", problem_mark=key.start_mark)
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


class _Trick(yaml.YAMLError):
    """What a line of a file does that no estate needs."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(f"line {line + 1}: {problem}")


def read_mapping(file: Path, shown: str | None = None) -> dict[str, Any]:
    """The file's top-level map. `InputError` names the file, and the line where it is malformed."""
    return parse_mapping(_read(file, shown or str(file)), shown or str(file))


def parse_mapping(text: str, shown: str) -> dict[str, Any]:
    """The text's top-level map; `shown` is what to call the file."""
    try:
        _refuse_tricks(text)
        found = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, made stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InputError("The file is not well-formed YAML.", file=shown, found=line + str(error.problem),
                         fix="Correct that line.") from None  # fmt: skip
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise InputError("The file is not well-formed YAML.", file=shown, found=str(error).splitlines()[0]) from None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise InputError("The file must hold a map of named keys.", file=shown, found=type(found).__name__,
                         allowed="lines such as `key: value`")  # fmt: skip
    return found


def _refuse_tricks(text: str) -> None:
    """Depth, which exhausts the stack, and aliases that make a small file a huge value: seen before either can."""
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
            weight += weights.get(event.anchor or "", HEAVIEST)  # one that is not closed yet would hold itself
        elif isinstance(event, yaml.CollectionStartEvent):
            open_at.append((event.anchor, weight))
        elif isinstance(event, yaml.ScalarEvent) and event.anchor:
            weights[event.anchor] = 1
        if weight > HEAVIEST or len(open_at) > DEEPEST:
            problem = f"more than {DEEPEST} levels or {HEAVIEST} values, aliases written out"
            mark = event.start_mark
            raise _Trick(problem, mark.line if mark else 0)


def _read(file: Path, shown: str) -> str:
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("This is not a file.", file=shown)
        if status.st_size > LONGEST:
            raise InputError("The file is too long.", file=shown, found=f"{status.st_size} bytes",
                             allowed=f"at most {LONGEST} bytes")  # fmt: skip
        with file.open("rb") as stream:
            return stream.read(LONGEST).decode("utf-8")
    except FileNotFoundError:
        raise InputError("The file is missing.", file=shown) from None
    except OSError as error:
        raise InputError("The file cannot be read.", file=shown, found=error.strerror) from None
    except UnicodeDecodeError as error:
        raise InputError("The file is not UTF-8 text.", file=shown, found=f"byte {error.start}") from None


def within(folder: Path, file: Path, shown: str) -> Path:
    """The file, unless a link leads out of the folder."""
    if not file.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            "The file is a link that leads out of the estate.", file=shown, fix="Put the file itself there."
        )
    return file
