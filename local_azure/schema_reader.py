"""Reads a generated Pulumi SDK as text, one class at a time, so that no SDK module is ever imported.

A module's `_inputs.py` may be 30,000 lines: it is cut at its `class` lines, and only the classes asked for are parsed.
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
    """The installed SDK lacks the type, or is not laid out as a generated SDK is."""


Described = dict[str, Any]
"""A class or a type, as JSON: see `schema.py` for the shapes it turns into."""

_CLASS = re.compile(r"^class (\w+)", re.MULTILINE)
_VERSION = re.compile(r"Uses Azure REST API version ([0-9A-Za-z.-]+?)\.(?:\s|$)")
_SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "Any": "any", "AnyStr": "string"}


@dataclass(frozen=True)
class Place:
    """Where a token's class is: the folder of its module (empty for a flat SDK) and the class's name."""

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
    def index(self) -> Mapping[str, Place]:
        """Every resource token with its place, from the JSON that the package's `__init__.py` embeds."""
        text = self._text("__init__.py")
        start = text.find('resource_modules="""')
        end = text.find('"""', start + 20)
        if start < 0 or end < 0:
            raise SchemaError(f"{self.package}/__init__.py holds no index of resources")
        return {
            token: Place(entry["fqn"].removeprefix(self.package).lstrip("."), class_name)
            for entry in json.loads(text[start + 20 : end])
            for token, class_name in entry["classes"].items()
        }

    def resource(self, token: str) -> Described:
        """A resource's inputs, outputs and API version. Raises `SchemaError` for a token that the SDK lacks."""
        place = self.index.get(token)
        if place is None:
            raise SchemaError(f"{self.package} {self.version} has no resource {token}")
        classes = self._classes(self._file_of(place))
        args = next((name for name in classes if name.endswith("Args")), None)
        if args is None or place.class_name not in classes:
            raise SchemaError(f"{token}: its class is not laid out as expected")
        body = classes[place.class_name]
        version = _VERSION.search(body)
        return {
            "module": place.module,
            "class": place.class_name,
            "api_version": version.group(1) if version else "",
            "inputs": _properties(classes[args], place.module),
            "outputs": _outputs(body, place.module),
        }

    def object(self, module: str, class_name: str) -> Described:
        """A nested class of inputs (`_inputs.py`) or of outputs (`outputs.py`, the name prefixed `outputs.`)."""
        name = class_name.removeprefix("outputs.")
        file = "outputs.py" if name != class_name else "_inputs.py"
        body = self._classes(str(Path(module) / file)).get(name)
        if body is None:
            raise SchemaError(f"{self.package}.{module} has no class {class_name}")
        return _properties(body, module)

    def enum(self, module: str, class_name: str) -> list[Any]:
        """The values of an enum."""
        body = self._classes(str(Path(module) / "_enums.py")).get(class_name)
        if body is None:
            raise SchemaError(f"{self.package}.{module} has no enum {class_name}")
        members = [node for node in _class(body).body if isinstance(node, ast.Assign)]
        return [ast.literal_eval(member.value) for member in members]

    def has_enum(self, module: str, class_name: str) -> bool:
        path = self.root / module / "_enums.py"
        return path.exists() and class_name in self._classes(str(Path(module) / "_enums.py"))

    def _file_of(self, place: Place) -> str:
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", place.class_name).lower()
        guess = self.root / place.module / f"{snake}.py"
        mark = f"class {place.class_name}(pulumi.CustomResource)"
        rest = sorted((self.root / place.module).glob("*.py"))
        for file in [guess, *rest] if guess.exists() else rest:
            if mark in self._text(str(file.relative_to(self.root))):
                return str(file.relative_to(self.root))
        raise SchemaError(f"{self.package} has no file for {place.class_name}")

    @cache  # noqa: B019 - one Package lives as long as the process
    def _text(self, relative: str) -> str:
        try:
            return (self.root / relative).read_text(encoding="utf-8")
        except OSError as error:
            raise SchemaError(f"{self.package}/{relative} cannot be read: {error.strerror}") from error

    @cache  # noqa: B019
    def _classes(self, relative: str) -> dict[str, str]:
        """The text of each top-level class of a file. What follows a class up to the next one is harmless to it."""
        text = self._text(relative)
        marks = [(m.group(1), m.start()) for m in _CLASS.finditer(text)]
        ends = [start for _, start in marks[1:]] + [len(text)]
        return {name: text[start:end] for (name, start), end in zip(marks, ends, strict=True)}


def _class(text: str) -> ast.ClassDef:
    # Decorators of the next class may trail behind: they are lines that begin with @ in the first column.
    body = re.split(r"^(?=@|if )", text, maxsplit=1, flags=re.MULTILINE)[0]
    node = ast.parse(body).body[0]
    if not isinstance(node, ast.ClassDef):
        raise SchemaError("a class was expected")
    return node


def _getters(node: ast.ClassDef) -> Iterator[tuple[str, str, ast.expr | None]]:
    """Each property's Python name, its name on the wire and its annotation."""
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


def _properties(text: str, module: str) -> Described:
    """The properties of an args or response class: wire name to type, whether required, and the SDK's own default."""
    node = _class(text)
    init = next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
    wire = {python: name for python, name, _ in _getters(node)}
    defaults = _defaults(init)
    found: Described = {}
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        if argument.annotation is None or argument.arg not in wire:
            continue
        entry: Described = {"type": _type(argument.annotation, module), "required": default is None}
        if argument.arg in defaults:
            entry["default"] = defaults[argument.arg]
        found[wire[argument.arg]] = entry
    return found


def _outputs(text: str, module: str) -> Described:
    """A resource class's outputs: only the getters are parsed, for the rest of the class is long and tells nothing."""
    cut = text.find("    @_builtins.property\n")
    if cut < 0:
        return {}
    node = _class("class Outputs:\n" + text[cut:])
    return {wire: {"type": _type(returns, module), "required": False} for _, wire, returns in _getters(node) if returns}


def _defaults(init: ast.FunctionDef) -> Described:
    """`if x is None: x = <literal>` is how the SDK fills a default in before it sends."""
    found: Described = {}
    for statement in init.body:
        if not (isinstance(statement, ast.If) and isinstance(statement.test, ast.Compare)):
            continue
        first = statement.body[0]
        if isinstance(first, ast.Assign) and isinstance(first.targets[0], ast.Name):
            try:
                found[first.targets[0].id] = ast.literal_eval(first.value)
            except ValueError:
                continue  # a default taken from the environment: not a fact of the schema
    return found


def _type(node: ast.expr, module: str) -> Described:  # noqa: PLR0911 - one return a shape
    """An annotation as JSON: `pulumi.Input`, `pulumi.Output` and `Optional` say nothing about the value itself."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _named(node.value, module)
    if isinstance(node, ast.Name):
        return _named(node.id, module)
    if isinstance(node, ast.Attribute):
        return _attribute(node)
    if not isinstance(node, ast.Subscript):
        raise SchemaError(f"an annotation that is not understood: {ast.dump(node)[:80]}")
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
    raise SchemaError(f"an annotation that is not understood: {head}")


def _attribute(node: ast.Attribute) -> Described:
    if node.attr in _SCALARS:
        return {"kind": _SCALARS[node.attr]}
    if node.attr in {"Asset", "Archive"}:
        return {"kind": "asset"}
    raise SchemaError(f"an annotation that is not understood: {ast.unparse(node)}")


def _named(name: str, module: str) -> Described:
    if name in _SCALARS:
        return {"kind": _SCALARS[name]}
    if "." in name and not name.startswith("outputs."):
        owner, _, last = name.rpartition(".")
        return {"kind": "asset"} if last in {"Asset", "Archive"} else {"kind": "ref", "module": owner, "name": last}
    return {"kind": "ref", "module": module, "name": name}
