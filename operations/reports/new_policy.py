"""Write a new policy and its test, ready to run: a property must have one of the allowed values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from formats.arm.sdk import AZURE_NATIVE, PREFIX, inputs_of, sdk_type
from formats.errors import InputError
from formats.property_paths import parse
from operations.settings import write_whole
from operations.text_templates import templates_in
from policies.controls import standards
from policies.model import Severity
from policies.rules import ID, load

TYPE = re.compile(r"[a-z0-9]+:[A-Z][A-Za-z0-9]+")
PATH = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*")


SERVICES = {
    "authorization": "identity", "containerregistry": "containers", "databricks": "analytics",
    "dataprotection": "backup", "dbforpostgresql": "database", "desktopvirtualization": "compute",
    "keyvault": "key_vault", "machinelearningservices": "machine_learning", "managedidentity": "identity",
    "monitor": "logging", "operationalinsights": "logging", "privatedns": "private_endpoints",
    "recoveryservices": "backup", "sql": "database", "synapse": "analytics",
}  # fmt: skip
"""The folders of rules whose name differs from the module of their types."""


@dataclass(frozen=True)
class Draft:
    """The options of `sde policy new`."""

    id: str
    title: str
    why: str
    fix: str
    resource_type: str
    """The type: `storage:StorageAccount`."""
    property_path: str
    """The path of the property: `encryption.keySource`."""
    allowed: Sequence[str]
    severity: Severity
    satre: Sequence[str]

    @property
    def values(self) -> tuple[str | bool | int, ...]:
        """The allowed values as a plan has them: `true`, `false` and whole numbers are not text."""
        return tuple(_value(text) for text in self.allowed)

    @property
    def service(self) -> str:
        """The folder of the rule."""
        module = self.resource_type.partition(":")[0]
        return SERVICES.get(module, module)

    @property
    def name(self) -> str:
        """The name of the file, from the title."""
        return "_".join(re.findall(r"[a-z0-9]+", self.title.lower()))


def write(draft: Draft, root: Path) -> tuple[Path, Path]:
    """Write the policy and its test below the project's folder. `InputError` if a file exists or cannot be written."""
    _check(draft)
    rules, tests = root / "policies" / "rules", root / "tests" / "policies" / "rules"
    files = rules / draft.service / f"{draft.name}.py", tests / f"test_{draft.name}.py"
    for file in files:
        if file.exists():
            raise InputError("This file exists already.", file=str(file), fix="Choose another title.")
    for folder in (rules, tests):
        if not folder.is_dir():
            raise InputError("This is not the project's folder.", file=str(folder))
    if not files[0].parent.is_dir():
        files[0].parent.mkdir()
        write_whole(files[0].parent / "__init__.py", f'"""Rules for {draft.service}."""\n')
    for file, template in zip(files, ("rule.py.j2", "rule_test.py.j2"), strict=True):
        write_whole(
            file, _environment().get_template(template).render(draft=draft, nested=_nested(draft.property_path))
        )
    return files


def _check(draft: Draft) -> None:
    known = standards()["satre"].controls
    type_, path = draft.resource_type, draft.property_path
    wrong = [
        ("id", draft.id, bool(ID.fullmatch(draft.id)), "two capitals and a number, such as ST23"),
        ("id", draft.id, draft.id not in load(), "an id that no policy has"),
        ("--on", type_, bool(TYPE.fullmatch(type_)), "a type, such as storage:StorageAccount"),
        ("--on", type_, _is_a_type(type_), "a type of the installed azure-native package"),
        ("--property", path, bool(PATH.fullmatch(path)), "a path, such as encryption.keySource"),
        ("--property", path, _is_a_property(type_, path), f"a property that {type_} has"),
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
    """Return True if the SDK has the property, as far as it describes types."""
    if not _is_a_type(type_):
        return False
    module, here = type_.partition(":")[0], inputs_of(PREFIX + type_)
    for step in path.split("."):
        property_ = here.get(step)
        if property_ is None:
            return False
        if not property_.classes:
            return True
        here = {
            name: found for kind in property_.classes for name, found in AZURE_NATIVE.properties(module, kind).items()
        }
    return True


def _environment() -> Environment:
    # The templates are Python, and quote every text as Python does.
    environment = templates_in(Path(__file__).parent / "templates", html=False, keep_trailing_newline=True)
    environment.filters["python"] = _python
    environment.filters["arguments"] = lambda values: ", ".join(map(_python, values))
    return environment


def _python(value: object) -> str:
    """Return a literal in the formatter's style: in double quotes, unless single ones need fewer escapes."""
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
    """Return the text before and after a value in inputs that have it at the path."""
    steps = parse(path)
    return "".join(f'{{"{step}": ' for step in steps), "}" * len(steps)
