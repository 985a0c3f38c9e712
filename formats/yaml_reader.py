"""Read untrusted YAML as plain data, as YAML 1.2 does, with limits on size, depth and aliases."""

from __future__ import annotations

import stat
from collections.abc import Container
from pathlib import Path
from typing import Any

import yaml

from formats.errors import InputError, joined
from formats.locations import Location, dotted_path
from formats.yaml_scalars import AMBIGUOUS, READERS, STRING, CoreLoader, ambiguity_of
from formats.yaml_slips import decoded, line_of, malformed, refuse_explicit, refuse_invisible, slip

MAX_BYTES = 1 << 20
"""Far more than a thousand lines of an estate."""
MAX_DEPTH = 20
MAX_VALUES = 200_000
"""The values after aliases are expanded."""


def read_mapping(file: Path, path: str | None = None) -> dict[str, Any]:
    """Return the file's top-level map. Raise `InputError` with the file, and the line of malformed YAML."""
    return parse_mapping(read_text(file, path or str(file)), path or str(file))


def parse_mapping(text: str, path: str, *, is_own: bool = False) -> dict[str, Any]:
    """Return the text's top-level map, with days as text. `path`: the file in errors. `is_own`: this tool wrote the
    text, so that it needs no check against hostile forms."""
    try:
        if not is_own:
            refuse_invisible(text, path)
            _refuse_hostile(text, path)
        node = CoreLoader(text).get_single_node()
    except yaml.YAMLError as error:
        raise slip(text, path, error) from None
    except RecursionError as error:
        raise InputError("The file is not well-formed YAML.", file=path, found=str(error)) from None
    if not isinstance(node, yaml.MappingNode):
        raise InputError("The file must contain a map with text keys.", file=path, found=_kind_of_node(node),
                         allowed="lines such as `key: value`",
                         fix="Write its keys, or restore the file from version control.")  # fmt: skip
    errors: list[InputError] = []
    found: dict[str, Any] = _value(node, (), path, errors)
    if errors:
        raise joined(errors)
    return found


def _value(node: yaml.Node, at: Location, path: str, errors: list[InputError]) -> Any:
    """Return the value of a node. Each key and value that cannot be read is added to the errors."""
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*at, index), path, errors) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            refused = _refused_key(key, found, at, path)
            if refused:
                errors.append(refused)
            else:
                found[key.value] = _value(value, (*at, key.value), path, errors)
        return found
    try:
        return READERS[node.tag](node.value)
    except (KeyError, ValueError):
        errors.append(_ambiguous(node, at, path))
    return None


def _refused_key(key: yaml.Node, before: Container[str], at: Location, path: str) -> InputError | None:
    """Return the error of a key that is not text, or is in the map already: by default the last of two wins."""
    where = f"line {key.start_mark.line + 1}"
    if not isinstance(key, yaml.ScalarNode):
        return InputError("A key must be text.", file=path, key=dotted_path(at) or None,
                          found=f"{where}: a list or a map as a key", allowed="lines such as `key: value`")  # fmt: skip
    if key.tag == AMBIGUOUS:
        return _ambiguous(key, at, path)
    name = dotted_path((*at, key.value))
    if key.tag != STRING:
        return InputError("A key must be text.", file=path, key=name, fix="Put the key in quotes.",
                          found=f"{where}: {key.value or 'nothing'}, which is no text in YAML")  # fmt: skip
    if hidden := next((c for c in key.value if not c.isprintable()), None):
        return InputError("A key has a character that is not seen.", file=path, key=dotted_path(at) or None,
                          found=f"{where}: U+{ord(hidden):04X}", fix="Type the line again.")  # fmt: skip
    if key.value in before:
        return InputError("A key is there twice.", file=path, key=name, found=f"{where}: {key.value} again",
                          allowed="each key once", fix=_fix_of_twice(at))  # fmt: skip
    return None


def _fix_of_twice(at: Location) -> str:
    """Return what to do about a key that is in a map twice: an item of a list may have lost its hyphen."""
    if any(isinstance(step, int) for step in at):
        return "Remove one of the two; or, if another item begins with these keys, put a hyphen before the first."
    return "Remove one of the two."


def _ambiguous(node: yaml.Node, at: Location, path: str) -> InputError:
    """Return the error of a plain scalar that the versions of YAML read differently, or that is no number."""
    if node.tag != AMBIGUOUS:
        return InputError("This number cannot be used.", file=path, key=dotted_path(at), found=node.value,
                          allowed="a number with fewer digits")  # fmt: skip
    one = ambiguity_of(node.value)
    return InputError("This is not the same in all versions of YAML.", file=path, key=dotted_path(at) or None,
                      found=f"{node.value} in line {node.start_mark.line + 1}: {one.what}",
                      allowed=one.instead)  # fmt: skip


def _kind_of_node(node: yaml.Node | None) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return "nothing" if node is None or node.value == "" else "one value"


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


def _refuse_hostile(text: str, path: str) -> None:
    """Refuse deep nesting, which exhausts the stack, aliases that expand to huge values, and explicit types and
    versions, which other readers may follow or not."""
    weights: dict[str, int] = {}
    open_at: list[tuple[str | None, int]] = []
    weight = 0
    for event in yaml.parse(text, Loader=CoreLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_at.pop()
            weights |= {anchor: weight - before} if anchor else {}
            continue
        weight += 1
        refuse_explicit(event, path)
        if isinstance(event, yaml.AliasEvent):
            is_recursive = any(anchor == event.anchor for anchor, _ in open_at)
            weight += MAX_VALUES if is_recursive else weights.get(event.anchor or "", 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_at.append((event.anchor, weight))
        elif isinstance(event, yaml.ScalarEvent) and event.anchor:
            weights[event.anchor] = 1
        if weight > MAX_VALUES or len(open_at) > MAX_DEPTH:
            problem = f"more than {MAX_DEPTH} levels or {MAX_VALUES} values with aliases expanded"
            raise malformed(path, line_of(event), problem)


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
            return decoded(stream.read(MAX_BYTES), path)
    except FileNotFoundError:
        raise InputError("The file is missing.", file=path) from None
    except OSError as error:
        raise InputError("The file cannot be read.", file=path, found=error.strerror) from None


def within(folder: Path, file: Path, path: str) -> Path:
    """Return the file. Raise `InputError` if it is a link to a file outside the folder."""
    if not file.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            "The file is a link to a file outside the estate.", file=path, fix="Replace the link with the file."
        )
    return file
