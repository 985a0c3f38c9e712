"""Parse a generated Pulumi SDK as text, one class at a time, without importing it.

A module's `_inputs.py` may have 30,000 lines: it is split at its `class` lines, and only the needed classes are parsed.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any


class SchemaError(Exception):
    """A type that the installed SDK lacks, or an SDK with an unexpected layout."""


Description = dict[str, Any]
"""A class or a type as JSON; `schema.py` turns it into schema objects."""

_CLASS = re.compile(r"^class (\w+)", re.MULTILINE)
_VERSION = re.compile(r"Uses Azure REST API version ([0-9A-Za-z.-]+?)\.(?:\s|$)")
_SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "Any": "any", "AnyStr": "string"}


@dataclass(frozen=True)
class ClassLocation:
    """The module folder (empty for a flat SDK) and the name of a token's class."""

    module: str
    class_name: str


class Package:
    """An installed SDK, such as `pulumi_azure_native`, found without importing it."""

    def __init__(self, package: str) -> None:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise SchemaError(f"the package {package} is not installed")
        self.package = package
        self.root = Path(spec.submodule_search_locations[0])

    @cached_property
    def version(self) -> str:
        return importlib.metadata.version(self.package)

    @cached_property
    def index(self) -> Mapping[str, ClassLocation]:
        """The class of every resource token, from the JSON in the package's `__init__.py`."""
        text = self._text("__init__.py")
        start = text.find('resource_modules="""')
        end = text.find('"""', start + 20)
        if start < 0 or end < 0:
            raise SchemaError(f"{self.package}/__init__.py has no index of resources")
        return {
            token: ClassLocation(entry["fqn"].removeprefix(self.package).lstrip("."), class_name)
            for entry in json.loads(text[start + 20 : end])
            for token, class_name in entry["classes"].items()
        }

    def resource(self, token: str) -> Description:
        """Return a resource's inputs, outputs and API version. Raises `SchemaError` for an unknown token."""
        location = self.index.get(token)
        if location is None:
            raise SchemaError(f"{self.package} {self.version} has no resource {token}")
        classes = self._classes(self._file_of(location))
        args = next((name for name in classes if name.endswith("Args")), None)
        if args is None or location.class_name not in classes:
            raise SchemaError(f"{token}: its class has an unexpected layout")
        body = classes[location.class_name]
        version = _VERSION.search(body)
        return {
            "module": location.module,
            "class": location.class_name,
            "api_version": version.group(1) if version else "",
            "inputs": _properties(classes[args], location.module),
            "outputs": _outputs(body, location.module),
        }

    def object(self, module: str, class_name: str) -> Description:
        """Return the properties of a class in `_inputs.py`, or in `outputs.py` if the name begins with `outputs.`."""
        name = class_name.removeprefix("outputs.")
        file = "outputs.py" if name != class_name else "_inputs.py"
        body = self._classes(str(Path(module) / file)).get(name)
        if body is None:
            raise SchemaError(f"{self.package}.{module} has no class {class_name}")
        return _properties(body, module)

    def enum(self, module: str, class_name: str) -> list[Any]:
        """Return the values of an enum."""
        body = self._classes(str(Path(module) / "_enums.py")).get(class_name)
        if body is None:
            raise SchemaError(f"{self.package}.{module} has no enum {class_name}")
        members = [node for node in _class(body).body if isinstance(node, ast.Assign)]
        return [ast.literal_eval(member.value) for member in members]

    def has_enum(self, module: str, class_name: str) -> bool:
        path = self.root / module / "_enums.py"
        return path.exists() and class_name in self._classes(str(Path(module) / "_enums.py"))

    def _file_of(self, location: ClassLocation) -> str:
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", location.class_name).lower()
        guess = self.root / location.module / f"{snake}.py"
        mark = f"class {location.class_name}(pulumi.CustomResource)"
        rest = sorted((self.root / location.module).glob("*.py"))
        for file in [guess, *rest] if guess.exists() else rest:
            if mark in self._text(str(file.relative_to(self.root))):
                return str(file.relative_to(self.root))
        raise SchemaError(f"{self.package} has no file for {location.class_name}")

    @cache  # noqa: B019 - one Package lives as long as the process
    def _text(self, relative: str) -> str:
        try:
            return (self.root / relative).read_text(encoding="utf-8")
        except OSError as error:
            raise SchemaError(f"{self.package}/{relative} cannot be read: {error.strerror}") from error

    @cache  # noqa: B019
    def _classes(self, relative: str) -> dict[str, str]:
        """Return the source of each top-level class of a file, up to the next class."""
        text = self._text(relative)
        marks = [(m.group(1), m.start()) for m in _CLASS.finditer(text)]
        ends = [start for _, start in marks[1:]] + [len(text)]
        return {name: text[start:end] for (name, start), end in zip(marks, ends, strict=True)}


def _class(text: str) -> ast.ClassDef:
    # The source may end with decorators of the next class: lines that begin with @ in the first column.
    body = re.split(r"^(?=@|if )", text, maxsplit=1, flags=re.MULTILINE)[0]
    node = ast.parse(body).body[0]
    if not isinstance(node, ast.ClassDef):
        raise SchemaError("a class was expected")
    return node


def _getters(node: ast.ClassDef) -> Iterator[tuple[str, str, ast.expr | None]]:
    """Yield each property's Python name, wire name and annotation."""
    for item in node.body:
        if not isinstance(item, ast.FunctionDef):
            continue
        for decorator in item.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(call, ast.Attribute) and call.attr == "getter":
                keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                yield item.name, next((_string(k.value) for k in keywords if k.arg == "name"), item.name), item.returns


def _string(node: ast.expr) -> str:
    return str(ast.literal_eval(node))


def _properties(text: str, module: str) -> Description:
    """Return the properties of an args or response class by wire name: type, required, and the SDK's default."""
    node = _class(text)
    init = next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
    wire = {python: name for python, name, _ in _getters(node)}
    defaults = _defaults(init)
    found: Description = {}
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        if argument.annotation is None or argument.arg not in wire:
            continue
        entry: Description = {"type": _type(argument.annotation, module), "required": default is None}
        if argument.arg in defaults:
            entry["default"] = defaults[argument.arg]
        found[wire[argument.arg]] = entry
    return found


def _outputs(text: str, module: str) -> Description:
    """Return a resource class's outputs. Only the getters are parsed: the rest is long and not needed."""
    cut = text.find("    @_builtins.property\n")
    if cut < 0:
        return {}
    node = _class("class Outputs:\n" + text[cut:])
    return {wire: {"type": _type(returns, module), "required": False} for _, wire, returns in _getters(node) if returns}


def _defaults(init: ast.FunctionDef) -> Description:
    """Return the defaults that the SDK sets, as `if x is None: x = <literal>`."""
    found: Description = {}
    for statement in init.body:
        if not (isinstance(statement, ast.If) and isinstance(statement.test, ast.Compare)):
            continue
        first = statement.body[0]
        if isinstance(first, ast.Assign) and isinstance(first.targets[0], ast.Name):
            try:
                found[first.targets[0].id] = ast.literal_eval(first.value)
            except ValueError:
                continue  # a default from the environment, not part of the schema
    return found


def _type(node: ast.expr, module: str) -> Description:  # noqa: PLR0911 - one return for each form
    """Return an annotation as JSON, without `pulumi.Input`, `pulumi.Output` and `Optional`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _named(node.value, module)
    if isinstance(node, ast.Name):
        return _named(node.id, module)
    if isinstance(node, ast.Attribute):
        return _attribute(node)
    if not isinstance(node, ast.Subscript):
        raise SchemaError(f"unsupported annotation: {ast.dump(node)[:80]}")
    head = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if head in {"Input", "Output", "Optional"}:
        return _type(inner[0], module)
    if head in {"Sequence", "List"}:
        return {"kind": "array", "item": _type(inner[0], module)}
    if head in {"Mapping", "Dict"}:
        return {"kind": "map", "item": _type(inner[1], module)}
    if head == "Union":
        return {"kind": "union", "options": [_type(option, module) for option in inner]}
    raise SchemaError(f"unsupported annotation: {head}")


def _attribute(node: ast.Attribute) -> Description:
    if node.attr in _SCALARS:
        return {"kind": _SCALARS[node.attr]}
    if node.attr in {"Asset", "Archive"}:
        return {"kind": "asset"}
    raise SchemaError(f"unsupported annotation: {ast.unparse(node)}")


def _named(name: str, module: str) -> Description:
    if name in _SCALARS:
        return {"kind": _SCALARS[name]}
    if "." in name and not name.startswith("outputs."):
        owner, _, last = name.rpartition(".")
        return {"kind": "asset"} if last in {"Asset", "Archive"} else {"kind": "ref", "module": owner, "name": last}
    return {"kind": "ref", "module": module, "name": name}
