"""What the installed azure-native SDK says of a type, read from its source without importing it."""

from __future__ import annotations

import ast
import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.errors import BadInput

PACKAGE = "pulumi_azure_native"
PREFIX = "azure-native:"
_TOKEN = re.compile(r"azure-native:(?P<module>[a-z0-9]+)(/v(?P<version>\d{8}[a-z0-9]*))?:(?P<name>[A-Z][A-Za-z0-9]*)")
_USES = re.compile(r"Uses Azure REST API version (\d{4}-\d{2}-\d{2}[a-z0-9-]*)")


@dataclass(frozen=True)
class SdkType:
    """One azure-native type: where it lives, the api version that it speaks, and its arguments' names on the wire."""

    token: str
    module: str
    name: str
    api_version: str
    inputs: frozenset[str]


@cache
def sdk_type(token: str) -> SdkType:
    """The type behind a token such as `azure-native:network:Subnet`. Raises BadInput where the SDK has none."""
    match = _TOKEN.fullmatch(token)
    source = _source(match["module"], match["name"]) if match else None
    if match is None or source is None:
        raise BadInput(
            "a resource type that cannot be exported",
            key="type",
            found=token,
            allowed="types of the installed azure-native package",
        )
    uses = _USES.search(source)
    version = _dashed(match["version"]) if match["version"] else uses[1] if uses else ""
    if not version:
        raise BadInput("azure-native names no api version for this type", key="type", found=token)
    return SdkType(token, match["module"], match["name"], version, _inputs(source))


def _source(module: str, name: str) -> str | None:
    """The text of the module that defines a resource: its file is the class's name in snake case."""
    spec = importlib.util.find_spec(PACKAGE)
    folder = Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None
    if folder is None:
        return None
    wanted = name.lower()
    for file in (folder / module).glob("*.py"):
        if file.stem.replace("_", "") == wanted:
            return file.read_text(encoding="utf-8")
    return None


def _inputs(source: str) -> frozenset[str]:
    """The wire names of the arguments: the properties of the file's first class."""
    arguments = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return frozenset(
        _wire_name(node) for node in arguments.body if isinstance(node, ast.FunctionDef) and _is_getter(node)
    )


def _is_getter(node: ast.FunctionDef) -> bool:
    return any("pulumi.getter" in ast.unparse(decorator) for decorator in node.decorator_list)


def _wire_name(node: ast.FunctionDef) -> str:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call):
            return str(next(ast.literal_eval(word.value) for word in decorator.keywords if word.arg == "name"))
    return node.name


def _dashed(version: str) -> str:
    """`20240501preview` as `2024-05-01-preview`."""
    digits, rest = version[:8], version[8:]
    return "-".join(filter(None, (digits[:4], digits[4:6], digits[6:], rest)))
