"""A new policy and its test, ready to run: the commonest kind, of a property that must have one of some values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from formats.arm.sdk import PREFIX, hints, hints_of_class, sdk_type
from formats.errors import InputError
from operations.settings import write_whole
from policies.rules import ID, load
from policies.controls import standards
from policies.model import STEP, Severity

TYPE = re.compile(r"[a-z0-9]+:[A-Z][A-Za-z0-9]+")
PATH = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*")


@dataclass(frozen=True)
class Draft:
    """What a person says of a new policy."""

    id: str
    title: str
    why: str
    fix: str
    on: str
    """The type: `storage:StorageAccount`."""
    reads: str
    """The path of the property that it looks at: `encryption.keySource`."""
    allowed: Sequence[str]
    severity: Severity
    satre: Sequence[str]

    @property
    def values(self) -> tuple[str | bool | int, ...]:
        """The allowed values as a plan has them: `true`, `false` and whole numbers are no text."""
        return tuple(_value(text) for text in self.allowed)


def write(draft: Draft, root: Path) -> tuple[Path, Path]:
    """Write the policy and its test below the project's folder. `InputError` if a file exists or cannot be written."""
    _check(draft)
    name = draft.id.lower()
    files = root / "policies" / "catalogue" / f"{name}.py", root / "tests" / "policies" / f"test_{name}.py"
    for file in files:
        if file.exists():
            raise InputError("This file is there already.", file=str(file), fix="Choose another id.")
        if not file.parent.is_dir():
            raise InputError("This is not the project's folder.", file=str(file.parent))
    for file, template in zip(files, ("rule.py.j2", "rule_test.py.j2"), strict=True):
        write_whole(file, _environment().get_template(template).render(draft=draft, nested=_nested(draft.reads)))
    return files


def _check(draft: Draft) -> None:
    known = standards()["satre"].controls
    wrong = [
        ("id", draft.id, bool(ID.fullmatch(draft.id)), "two capitals and a number, such as ST23"),
        ("id", draft.id, draft.id not in load(), "an id that no policy has"),
        ("--on", draft.on, bool(TYPE.fullmatch(draft.on)), "a type, such as storage:StorageAccount"),
        ("--on", draft.on, _is_a_type(draft.on), "a type of the installed azure-native package"),
        ("--property", draft.reads, bool(PATH.fullmatch(draft.reads)), "a path, such as encryption.keySource"),
        ("--property", draft.reads, _is_a_property(draft.on, draft.reads), f"a property that {draft.on} has"),
        ("--allowed", "", bool(draft.allowed) and all(map(str.strip, draft.allowed)), "at least one value, none empty"),
        ("--satre", ", ".join(draft.satre), bool(draft.satre) and set(draft.satre) <= known.keys(),
         "statements of SATRE 2.0.1 that policies/controls.yaml has, such as 2.2.09"),
    ]  # fmt: skip
    wrong += [(f"--{key}", text, len(text.strip()) >= 10 and text.isprintable(), "a sentence")
              for key, text in (("title", draft.title), ("why", draft.why), ("fix", draft.fix))]  # fmt: skip
    for key, found, is_right, allowed in wrong:
        if not is_right:
            raise InputError("This cannot be a policy.", key=key, found=found, allowed=allowed)


def _is_a_type(type_: str) -> bool:
    try:
        return bool(sdk_type(PREFIX + type_))
    except InputError:
        return False


def _is_a_property(type_: str, path: str) -> bool:
    """Whether the SDK has it, as far as it says what a property holds: a rule about nothing would pass nothing."""
    if not _is_a_type(type_):
        return False
    module, here = type_.partition(":")[0], hints(PREFIX + type_)
    for step in path.split("."):
        hint = here.get(step)
        if hint is None:
            return False
        if not hint.classes:
            return True
        here = {name: found for kind in hint.classes for name, found in hints_of_class(module, kind).items()}
    return True


def _environment() -> Environment:
    environment = Environment(  # noqa: S701 - it writes Python: every text in it is quoted as Python quotes
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["python"] = _python
    return environment


def _python(value: object) -> str:
    """A literal as the project's formatter would have it: in double quotes, unless single ones need fewer escapes."""
    if isinstance(value, str):
        quote = "'" if value.count('"') > value.count("'") else '"'
        return quote + value.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote
    if isinstance(value, tuple | list):
        return "(" + ", ".join(_python(v) for v in value) + ("," if len(value) == 1 else "") + ")"
    return repr(value)


def _value(text: str) -> str | bool | int:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else text


def _nested(path: str) -> tuple[str, str]:
    """What stands before and after a value to make the inputs that hold it at the path."""
    steps = STEP.findall(path)
    return "".join(f'{{"{step}": ' for step in steps), "}" * len(steps)
