"""What the installed azure-native SDK says of a type, read from its source without importing it."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from formats.errors import InputError

PACKAGE = "pulumi_azure_native"
PREFIX = "azure-native:"
_TOKEN = re.compile(r"azure-native:(?P<module>[a-z0-9]+)(/v(?P<version>\d{8}[a-z0-9]*))?:(?P<name>[A-Z][A-Za-z0-9]*)")
_EXPORTS = re.compile(r"__all__ = \['\w+Args', '(\w+)'\]")
_GETTER = re.compile(r'    @pulumi\.getter(?:\(name="(\w+)"\))?\n    def (\w+)\(self\) -> (.+):\n')
_CLASS = re.compile(r"'(\w+Args)'")
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
    """The type behind a token such as `azure-native:network:Subnet`. Raises InputError where the SDK has none."""
    match = _TOKEN.fullmatch(token)
    source = _source(match["module"], match["name"]) if match else None
    if match is None or source is None:
        raise InputError(
            "a resource type that cannot be exported",
            key="type",
            found=token,
            allowed="types of the installed azure-native package",
        )
    uses = _USES.search(source)
    version = _dashed(match["version"]) if match["version"] else uses[1] if uses else ""
    if not version:
        raise InputError("azure-native names no api version for this type", key="type", found=token)
    return SdkType(token, match["module"], match["name"], version, frozenset(_hints(source)))


@dataclass(frozen=True)
class Hint:
    """What the SDK says of one argument: the classes that its objects follow, and whether it is a list."""

    classes: tuple[str, ...]
    is_list: bool


@cache
def hints(token: str) -> Mapping[str, Hint]:
    """The arguments of a type, by their names on the wire."""
    match = _TOKEN.fullmatch(token)
    source = _source(match["module"], match["name"]) if match else None
    return _hints(source or "")


@cache
def hints_of_class(module: str, name: str) -> Mapping[str, Hint]:
    """The properties of a nested class of a module, by their names on the wire."""
    text = _nested_classes(module)
    start = text.find(f"\nclass {name}:\n")
    end = text.find("\n@pulumi.input_type", start)
    return _hints(text[start : end if end > start else None]) if start >= 0 else {}


def resource_names(module: str) -> tuple[str, ...]:
    """The names of the resources of a module, in lower case: those of its files."""
    folder = _folder()
    files = sorted((folder / module).glob("[a-z]*.py")) if folder else []
    return tuple(f.stem.replace("_", "") for f in files if not f.stem.startswith(("get_", "list_")))


def class_name(module: str, stem: str) -> str | None:
    """The name of the resource that a file of a module defines, as its token has it."""
    source = _source(module, stem)
    found = _EXPORTS.search(source or "")
    return found[1] if found else None


@cache
def _nested_classes(module: str) -> str:
    folder = _folder()
    file = folder / module / "_inputs.py" if folder else None
    return file.read_text(encoding="utf-8") if file and file.exists() else ""


def _hints(source: str) -> Mapping[str, Hint]:
    """Those of the first class of a source."""
    end = source.find("\n@pulumi.input_type", source.find("\nclass ") + 1)
    before, _, after = source[: end if end > 0 else None].partition("\nclass ")
    text = before + after.partition("\nclass ")[0]
    return {
        m[1] or m[2]: Hint(tuple(dict.fromkeys(_CLASS.findall(m[3]))), "Sequence[" in m[3])
        for m in _GETTER.finditer(text)
    }


@cache
def _folder() -> Path | None:
    spec = importlib.util.find_spec(PACKAGE)
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None


def _source(module: str, name: str) -> str | None:
    """The text of the module that defines a resource: its file is the class's name in snake case."""
    file = _files(module).get(name.lower())
    return file.read_text(encoding="utf-8") if file else None


@cache
def _files(module: str) -> Mapping[str, Path]:
    """The files of a module by their names without underscores."""
    folder = _folder()
    return {f.stem.replace("_", ""): f for f in sorted((folder / module).glob("*.py"))} if folder else {}


def _dashed(version: str) -> str:
    """`20240501preview` as `2024-05-01-preview`."""
    digits, rest = version[:8], version[8:]
    return "-".join(filter(None, (digits[:4], digits[4:6], digits[6:], rest)))
