"""The resource types of an installed Pulumi SDK, read from its source as text, without importing it.

Pulumi generates the source, so that its layout is fixed: a file for each resource, and `_inputs.py`, `outputs.py` and
`_enums.py` for each module. These may have 50,000 lines, so only the needed classes are parsed.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import Any

_TOKEN = re.compile(
    r"(?P<package>[a-z-]+):(index/\w+|(?P<module>[a-z0-9]+)(/v(?P<version>\d{8}[a-z0-9]*))?):(?P<name>[A-Z][A-Za-z0-9]*)"
)
_CLASS = re.compile(r"\nclass (\w+)")
_RESOURCE = re.compile(r"\nclass (\w+)\(pulumi\.CustomResource\)")
_GETTER = re.compile(r'    @pulumi\.getter(?:\(name="(\w+)"\))?\n    def (\w+)\(self\) -> (.+):\n')
_DEFAULT = re.compile(r"\n        if (\w+) is None:\n            \1 = (.+)")
_MEMBER = re.compile(r"\n    [A-Z0-9_a-z]+ = (.+)")
_API_VERSION = re.compile(r"Uses Azure REST API version (\d{4}-\d{2}-\d{2}[a-z0-9-]*)")
_NESTED = re.compile(r"'(\w+Args)'")


@dataclass(frozen=True)
class SdkProperty:
    """One property: the SDK's annotation, and the default that the SDK sends."""

    annotation: str
    """A Python type, such as `pulumi.Input[Optional['SkuArgs']]`."""
    default: Any = None

    @property
    def required(self) -> bool:
        return self.default is None and not self.annotation.startswith(("Optional[", "pulumi.Input[Optional["))

    @property
    def is_list(self) -> bool:
        return "Sequence[" in self.annotation

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in `_inputs.py` that the value may have."""
        return tuple(dict.fromkeys(_NESTED.findall(self.annotation)))


@dataclass(frozen=True)
class SdkResource:
    """A resource type."""

    module: str
    name: str
    api_version: str
    """The token's or else the SDK's version of the ARM request, such as `2024-05-01-preview`; empty if neither is."""
    source: str = field(repr=False)
    """The text of the resource's file: first the class of its arguments, last its own."""

    @cached_property
    def inputs(self) -> Mapping[str, SdkProperty]:
        """The inputs by wire name."""
        arguments, another = (match.start() for match in islice(_CLASS.finditer(self.source), 2))
        return _properties(self.source[arguments:another])

    @cached_property
    def outputs(self) -> Mapping[str, SdkProperty]:
        """The outputs by wire name, including the inputs that the provider returns."""
        return _properties(self.source[self.source.index(f"\nclass {self.name}(") :])


class Sdk:
    """An installed SDK, such as `pulumi_azure_native`. It has no types if the package is not installed."""

    def __init__(self, package: str) -> None:
        self.package = package

    @cached_property
    def root(self) -> Path | None:
        """The folder of the package; None if it is not installed."""
        spec = importlib.util.find_spec(self.package)
        folders = spec.submodule_search_locations if spec else None
        return Path(next(iter(folders))) if folders else None

    @property
    def version(self) -> str:
        return importlib.metadata.version(self.package)

    @cache  # noqa: B019 - an Sdk lives as long as the process
    def resource(self, token: str) -> SdkResource | None:
        """Return the type of a token such as `azure-native:network:Subnet`; None if the SDK lacks it."""
        match = _TOKEN.fullmatch(token)
        if match is None or match["package"] != self.package.removeprefix("pulumi_").replace("_", "-"):
            return None
        module, name = match["module"] or "", match["name"]
        if self.class_name(module, name.lower()) != name:
            return None
        source = self._source(module, name.lower())
        described = _API_VERSION.search(source)
        version = _dashed(match["version"]) if match["version"] else described[1] if described else ""
        return SdkResource(module, name, version, source)

    def resource_names(self, module: str) -> tuple[str, ...]:
        """Return the names of a module's resources in lower case."""
        return tuple(name for name, file in self._files(module).items() if not file.startswith(("get_", "list_", "_")))

    def class_name(self, module: str, name: str) -> str | None:
        """Return the class of a resource whose name is given in lower case."""
        found = _RESOURCE.search(self._source(module, name))
        return found[1] if found else None

    @cache  # noqa: B019
    def properties(self, module: str, name: str) -> Mapping[str, SdkProperty]:
        """Return the properties of a class such as `SkuArgs` or `outputs.SkuResponse`; empty if there is none."""
        plain = name.removeprefix("outputs.")
        return _properties(self._class(module, "_inputs.py" if plain == name else "outputs.py", plain))

    @cache  # noqa: B019
    def enum(self, module: str, name: str) -> tuple[Any, ...] | None:
        """Return the values of an enum; None if there is none of this name."""
        members = _MEMBER.findall(self._class(module, "_enums.py", name))
        return tuple(ast.literal_eval(f"[{','.join(members)}]")) if members else None

    @cache  # noqa: B019
    def _files(self, module: str) -> Mapping[str, str]:
        """Return the names of a module's files by the same names without underscores and ending."""
        folder = self.root / module if self.root else None
        names = sorted(f.name for f in folder.glob("*.py")) if folder else []
        return {name.removesuffix(".py").replace("_", ""): name for name in names}

    def _source(self, module: str, name: str) -> str:
        file = self._files(module).get(name)
        return self._text(module, file) if file else ""

    @cache  # noqa: B019
    def _text(self, module: str, file: str) -> str:
        path = self.root / module / file if self.root else None
        return path.read_bytes().decode() if path and path.exists() else ""

    @cache  # noqa: B019
    def _spans(self, module: str, file: str) -> Mapping[str, tuple[int, int]]:
        """Return where each class of a file starts, and where the next one does."""
        text = self._text(module, file)
        found = [(match[1], match.start()) for match in _CLASS.finditer(text)]
        ends = [start for _, start in found[1:]] + [len(text)]
        return {name: (start, end) for (name, start), end in zip(found, ends, strict=False)}

    def _class(self, module: str, file: str, name: str) -> str:
        """Return the source of a class; empty if there is none."""
        start, end = self._spans(module, file).get(name, (0, 0))
        return self._text(module, file)[start:end]


@cache
def installed(package: str) -> Sdk:
    """Return the SDK of a package. All readers of a process share it, so that a file is read once."""
    return Sdk(package)


def leaves(sdk: Sdk, token: str) -> Mapping[str, SdkProperty]:
    """Return the properties of a resource without nested properties, by path. `[*]` are the entries of a list.

    A map with keys of its user is one property. A class inside itself is left out.
    """
    resource = sdk.resource(token)
    return dict(_leaves(sdk, resource.module, resource.inputs, "", ())) if resource else {}


def _leaves(
    sdk: Sdk, module: str, properties: Mapping[str, SdkProperty], parent: str, around: tuple[str, ...]
) -> Iterator[tuple[str, SdkProperty]]:
    for name, property_ in properties.items():
        path = f"{parent}.{name}" if parent else name
        path += "[*]" if property_.is_list else ""
        if not property_.classes or "Mapping[str" in property_.annotation:
            yield path, property_
            continue
        for class_ in property_.classes:
            if class_ not in around:
                yield from _leaves(sdk, module, sdk.properties(module, class_), path, (*around, class_))


def _dashed(version: str) -> str:
    """Return `20240501preview` as `2024-05-01-preview`."""
    return "-".join(filter(None, (version[:4], version[4:6], version[6:8], version[8:])))


def _properties(text: str) -> Mapping[str, SdkProperty]:
    """Return the properties of a class by wire name."""
    defaults = {name: value for name, text_ in _DEFAULT.findall(text) for value in _literal(text_)}
    return {wire or name: SdkProperty(type_, defaults.get(name)) for wire, name, type_ in _GETTER.findall(text)}


def _literal(text: str) -> list[Any]:
    """Return a literal's value; none for a default from the environment, which is not part of the schema."""
    try:
        return [ast.literal_eval(text)]
    except (SyntaxError, ValueError):
        return []
