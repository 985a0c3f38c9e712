"""Inputs and API versions of types in the installed azure-native SDK, read from its source without importing it."""

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
    """One azure-native type: its module, its API version, and the wire names of its inputs."""

    token: str
    module: str
    name: str
    api_version: str
    inputs: frozenset[str]


@cache
def sdk_type(token: str) -> SdkType:
    """Return the type of a token such as `azure-native:network:Subnet`. Raises `InputError` if the SDK lacks it."""
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
        raise InputError("azure-native has no API version for this type", key="type", found=token)
    return SdkType(token, match["module"], match["name"], version, frozenset(_hints(source)))


def has_type(token: str) -> bool:
    """Return True if the SDK has a type."""
    match = _TOKEN.fullmatch(token)
    return match is not None and match["name"].lower() in _files(match["module"])


@dataclass(frozen=True)
class Hint:
    """The SDK's annotation of one input: the classes of its objects, and if it is a list."""

    classes: tuple[str, ...]
    is_list: bool


@cache
def hints(token: str) -> Mapping[str, Hint]:
    """Return the inputs of a type by wire name; empty for a type that the SDK lacks."""
    match = _TOKEN.fullmatch(token)
    source = _source(match["module"], match["name"]) if match else None
    return _hints(source or "")


@cache
def hints_of_class(module: str, name: str) -> Mapping[str, Hint]:
    """Return the properties of a nested class by wire name."""
    text = _nested_classes(module)
    start = text.find(f"\nclass {name}:\n")
    end = text.find("\n@pulumi.input_type", start)
    return _hints(text[start : end if end > start else None]) if start >= 0 else {}


def resource_names(module: str) -> tuple[str, ...]:
    """Return the names of a module's resources, in lower case."""
    folder = _folder()
    files = sorted((folder / module).glob("[a-z]*.py")) if folder else []
    return tuple(f.stem.replace("_", "") for f in files if not f.stem.startswith(("get_", "list_")))


def class_name(module: str, stem: str) -> str | None:
    """Return the class name of the resource in a file of a module."""
    source = _source(module, stem)
    found = _EXPORTS.search(source or "")
    return found[1] if found else None


@cache
def _nested_classes(module: str) -> str:
    folder = _folder()
    file = folder / module / "_inputs.py" if folder else None
    return file.read_text(encoding="utf-8") if file and file.exists() else ""


def _hints(source: str) -> Mapping[str, Hint]:
    """Return the properties of the first class in a source text."""
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
    """Return the source of a resource's file, which is named after the class in snake case."""
    file = _files(module).get(name.lower())
    return file.read_text(encoding="utf-8") if file else None


@cache
def _files(module: str) -> Mapping[str, Path]:
    """Return the files of a module by their names without underscores."""
    folder = _folder()
    return {f.stem.replace("_", ""): f for f in sorted((folder / module).glob("*.py"))} if folder else {}


def _dashed(version: str) -> str:
    """Return `20240501preview` as `2024-05-01-preview`."""
    digits, rest = version[:8], version[8:]
    return "-".join(filter(None, (digits[:4], digits[4:6], digits[6:], rest)))
