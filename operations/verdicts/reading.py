"""Plans, states and templates from files that anybody may have written: hostile until they are read whole."""

from __future__ import annotations

import json
import stat
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from infra.validation import dotted
from operations.errors import BadInput
from operations.plan import Plan, PlannedResource
from operations.standing import is_export, read_export

LONGEST = 64 << 20
"""Bytes. The plan of a stack of ten thousand resources takes a third of it."""
MOST = 2_000_000
"""Lists and maps: each takes far more memory than the two characters that it may be written with."""
STACKS = 2_000
"""Files of neighbours. An estate has a hundred stacks."""
DEEPEST = 64
"""Levels. Azure's own properties go to about twenty."""


class _Content(TypedDict):
    """What a plan's JSON must hold; its digest is checked apart."""

    project: str
    stack: str
    cloud: str
    resources: list[PlannedResource]


_CONTENT = TypeAdapter(_Content)


class Read(NamedTuple):
    """A plan, and whether an ARM template was all that there was of it: that says nothing of the program behind it."""

    plan: Plan
    is_template: bool


def read_plan(file: Path) -> Read:
    """The plan in a file, or what the state or the ARM template in it amounts to. `BadInput` for anything else."""
    content = _json(_text(file), str(file))
    if isinstance(content, dict) and "$schema" in content:
        return Read(_template(content, str(file)), True)
    if isinstance(content, dict) and "digest" in content and "format" in content:
        return Read(_plan(content, str(file)), False)
    if is_export(content):
        return Read(_state(content, str(file)), False)
    raise BadInput("This is neither a plan nor a state nor an ARM template.", file=str(file), key="$schema",
                   found="no such key",
                   allowed="what `sde export plan` or `pulumi stack export` writes, or a template with its $schema",
                   fix="A template says what it is in $schema: without it nothing is judged.")  # fmt: skip


def read_neighbours(paths: Sequence[str], folder: Path) -> list[Plan]:
    """What stands of other stacks, by plans and states in files and in folders of them, named from a folder on. One of
    which nothing stands is left out. `BadInput` for anything else, for two of one stack, and where there is no file."""
    files = [file for path in paths for file in _files(folder / path)]
    if not files or len(files) > STACKS:
        raise BadInput("The neighbours are no list of plans and states.", file=", ".join(paths),
                       found=f"{len(files)} files", allowed=f"1 to {STACKS}",
                       fix="Export every other stack of the estate.")  # fmt: skip
    found: dict[str, Plan] = {}
    for file in files:
        content = _json(_text(file), str(file))
        if isinstance(content, dict) and "$schema" in content:
            raise BadInput("A template is no neighbour: it does not say what stands.", file=str(file),
                           allowed="what `pulumi stack export` or `sde export plan` writes")  # fmt: skip
        plan = read_export(content, file=str(file)) if is_export(content) else read_plan(file).plan
        if plan and plan.stack in found:
            raise BadInput("Two neighbours are of one stack.", file=str(file), key="stack", found=plan.stack)
        found |= {plan.stack: plan} if plan else {}
    return list(found.values())


def _files(path: Path) -> list[Path]:
    """A file, or those of a folder that are called JSON."""
    return sorted(f for f in path.glob("*.json") if not f.name.startswith(".")) if path.is_dir() else [path]


def _state(content: dict[str, Any], shown: str) -> Plan:
    plan = read_export(content, file=shown)
    if plan is None:
        raise BadInput("Nothing stands, by this state.", file=shown)
    return plan


def _template(content: dict[str, Any], shown: str) -> Plan:
    from operations.export.reading import read_template  # noqa: PLC0415 - reads the models of many services

    try:
        return read_template(content, file=shown)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadInput("This template cannot be read.", file=shown, found=type(error).__name__) from error


def _plan(content: dict[str, Any], shown: str) -> Plan:
    try:
        _CONTENT.validate_python(content)
        return Plan.from_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadInput("This is no plan.", file=shown, key=dotted(first["loc"]), found=first["msg"]) from None
    except (ValueError, RecursionError) as error:
        raise BadInput("This plan cannot be used.", file=shown, found=str(error),
                       fix="Write it anew with `sde export plan`.") from None  # fmt: skip


def _text(file: Path) -> bytes:
    shown = str(file)
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadInput("This is not a file.", file=shown)
        if status.st_size > LONGEST:
            raise BadInput("The file is too long.", file=shown, found=f"{status.st_size:,} bytes",
                           allowed=f"at most {LONGEST:,} bytes", fix="Judge stack by stack.")  # fmt: skip
        with file.open("rb") as stream:
            text = stream.read(LONGEST + 1)
    except FileNotFoundError:
        raise BadInput("The file is missing.", file=shown) from None
    except OSError as error:
        raise BadInput("The file cannot be read.", file=shown, found=error.strerror) from None
    if not text.strip():
        raise BadInput("The file is empty.", file=shown)
    return text


def _json(text: bytes, shown: str) -> Any:
    boxes = text.count(b"{") + text.count(b"[")
    if boxes > MOST:
        raise BadInput("The file holds too many values.", file=shown, found=f"{boxes:,} lists and maps",
                       allowed=f"at most {MOST:,}", fix="Judge stack by stack.")  # fmt: skip
    try:
        found = json.loads(text.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise BadInput("The file is not UTF-8 text.", file=shown, found=f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise BadInput("The file is not JSON.", file=shown, found=place) from None
    except RecursionError:
        raise _too_deep(shown) from None
    except ValueError as error:
        raise BadInput("The file is not JSON that one can trust.", file=shown, found=str(error)) from None
    _refuse_depth(found, shown)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values for one key readers differ in which they take: the one that was judged might not be applied."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice[:100]!r} is there twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _refuse_depth(value: Any, shown: str) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _within(outer) if isinstance(inner, dict | list)]
        if not level:
            return
    raise _too_deep(shown)


def _within(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _too_deep(shown: str) -> BadInput:
    return BadInput("The file is nested too deeply.", file=shown, allowed=f"at most {DEEPEST} levels")
