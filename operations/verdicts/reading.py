"""Plans, states and templates from files that anybody may have written: hostile until they are read whole."""

from __future__ import annotations

import json
import math
import re
import stat
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from infra.validation import dotted_path
from operations.errors import BadInput
from operations.plan import Operation, Plan, PlannedResource
from operations.standing import is_export, read_export
from operations.verdicts.previews import is_preview, read_preview

LONGEST = 64 << 20
"""Bytes. The plan of a stack of ten thousand resources takes a third of it."""
MOST = 2_000_000
"""Lists and maps: each takes far more memory than the two characters that it may be written with."""
STACKS = 2_000
"""Files of neighbours. An estate has a hundred stacks."""
LONGEST_NAME = 2_000
"""Letters of a URN, which a report says with every finding."""
NOTHING = (Operation.DELETE, Operation.READ)
"""Operations after which nothing is there that was not, so that there is nothing to judge."""
ENTRIES = 8_000_000
"""Commas, which stand for values: ten times what the plan of a stack of ten thousand resources has."""
DIGITS = 100
"""In one number; Azure has none of more than twenty."""
HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half of a character that takes two, as JSON may write it; by itself it is none, and no text can hold it."""
UNNAMEABLE = re.compile(r"[^A-Za-z0-9._-]")
"""What no stack's name has in it."""
DEEPEST = 64
"""Levels. Azure's own properties go to about twenty."""


class _Content(TypedDict):
    """What a plan's JSON must hold; its digest is checked apart."""

    project: str
    stack: str
    cloud: str
    subscription: str
    resources: list[PlannedResource]


_CONTENT = TypeAdapter(_Content)


class Read(NamedTuple):
    """A plan, and whether an ARM template was all that there was of it: that says nothing of the program behind it."""

    plan: Plan
    is_template: bool


def stacks_of(files: Sequence[Path]) -> list[str]:
    """What to call the stacks of templates that name none: by the file, with as many of its folders as tell it from the
    others, since most tools call each of their templates `template.json`."""
    parts = [(*file.absolute().parts[1:-1], file.stem) for file in files]
    return [UNNAMEABLE.sub("-", "-".join(part[-_apart(part, parts) :]))[-100:] for part in parts]


def _apart(one: tuple[str, ...], all_: Sequence[tuple[str, ...]]) -> int:
    """How many of the last parts of a path it takes until no other path ends alike."""
    count = 1
    while count < len(one) and sum(other[-count:] == one[-count:] for other in all_) > 1:
        count += 1
    return count


def read_plan(file: Path, called: str = "") -> Read:
    """The plan in a file, or what the state or the ARM template in it amounts to. `BadInput` for anything else, and for
    a plan after which nothing is there. `called`: the stack of a template that names none."""
    content = _json(_text(file), str(file))
    if isinstance(content, dict) and "$schema" in content:
        return Read(_template(content, str(file), called), True)
    if is_export(content):
        return Read(_state(content, str(file)), False)
    return Read(_refuse_nothing(_planned(content, str(file)), str(file)), False)


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
        plan = _standing(content, str(file)) if is_export(content) else _planned(content, str(file))
        if plan and plan.stack in found:
            raise BadInput("Two neighbours are of one stack.", file=str(file), key="stack", found=plan.stack)
        found |= {plan.stack: plan} if plan else {}
    return list(found.values())


def _files(path: Path) -> list[Path]:
    """A file, or those of a folder that are called JSON."""
    return sorted(f for f in path.glob("*.json") if not f.name.startswith(".")) if path.is_dir() else [path]


def _state(content: dict[str, Any], shown: str) -> Plan:
    plan = _standing(content, shown)
    if plan is None:
        raise BadInput("Nothing stands, by this state.", file=shown)
    return plan


def _standing(content: dict[str, Any], shown: str) -> Plan | None:
    plan = read_export(content, file=shown)
    if plan:
        _refuse_strangers(plan, shown)
    return plan


def _template(content: dict[str, Any], shown: str, called: str) -> Plan:
    from operations.export.reading import read_template  # noqa: PLC0415 - reads the models of many services

    try:
        return read_template(content, file=shown, called=called)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadInput("This template cannot be read.", file=shown, found=type(error).__name__) from error


def _planned(content: Any, shown: str) -> Plan:
    if isinstance(content, dict) and "digest" in content and "format" in content:
        return _plan(content, shown)
    if is_preview(content):
        plan = read_preview(content, shown)
        _refuse_strangers(plan, shown)
        return plan
    raise BadInput("This is neither a plan nor a state nor an ARM template.", file=shown, key="$schema",
                   found="no such key",
                   allowed="what `sde export plan`, `pulumi preview --json` or `pulumi stack export` writes, or a "
                   "template with its $schema",
                   fix="A template says what it is in $schema: without it nothing is judged.")  # fmt: skip


def _plan(content: dict[str, Any], shown: str) -> Plan:
    try:
        _CONTENT.validate_python(content)
        plan = Plan.from_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadInput("This is no plan.", file=shown, key=dotted_path(first["loc"]), found=first["msg"]) from None
    except (ValueError, RecursionError) as error:
        raise BadInput("This plan cannot be used.", file=shown, found=str(error),
                       fix="Write it anew with `sde export plan`.") from None  # fmt: skip
    _refuse_strangers(plan, shown)
    return plan


def _refuse_nothing(plan: Plan, shown: str) -> Plan:
    if not any(r.custom and r.operation not in NOTHING and not r.type.startswith("pulumi:") for r in plan.resources):
        raise BadInput("There is nothing to judge: no resource is planned.", file=shown, key="resources",
                       fix="Look at what made the plan: a stack without resources is a mistake.")  # fmt: skip
    return plan


def _refuse_strangers(plan: Plan, shown: str) -> None:
    """What no engine would write: a resource of another stack, or one of Azure's that says it is a mere component, and
    would be made unjudged."""
    begins = f"urn:pulumi:{plan.stack}::"
    for index, resource in enumerate(plan.resources):
        if not resource.urn.startswith(begins) or len(resource.urn) > LONGEST_NAME:
            raise BadInput("A resource of the plan is not its stack's.", file=shown, key=f"resources[{index}].urn",
                           found=resource.urn, allowed=f"{begins}…, at most {LONGEST_NAME:,} letters")  # fmt: skip
        if not resource.custom and resource.type.startswith(("azure-native:", "random:")):
            raise BadInput("A component is of a type that a provider makes.", file=shown,
                           key=f"resources[{index}].custom", found=False, allowed="true")  # fmt: skip


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
    _refuse_too_many(text, shown)
    try:
        found = json.loads(text.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number,
                           parse_float=_finite, parse_int=_whole)  # fmt: skip
        if HALF.search(text):
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadInput("The file holds half a character.", file=shown, found="a lone surrogate, such as \\ud800",
                       allowed="text that UTF-8 can write") from None  # fmt: skip
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


def _refuse_too_many(text: bytes, shown: str) -> None:
    """Before anything is made of it: a small file can ask for all the memory there is."""
    boxes, entries = text.count(b"{") + text.count(b"["), text.count(b",")
    if boxes > MOST or entries > ENTRIES:
        raise BadInput("The file holds too many values.", file=shown,
                       found=f"{boxes:,} lists and maps, {entries:,} commas",
                       allowed=f"at most {MOST:,} and {ENTRIES:,}", fix="Judge stack by stack.")  # fmt: skip


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values for one key readers differ in which they take: the one that was judged might not be applied."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice[:100]!r} is there twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    """1e999 is infinity to Python, and to other readers an error or the largest number they have."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:DIGITS]} is too large a number")
    return number


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"a number of {len(text):,} digits")
    return int(text)


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
