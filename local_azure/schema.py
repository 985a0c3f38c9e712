"""The schema of each type in the installed SDKs: properties, types, enums, defaults, outputs and the ARM path."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from local_azure.paths import PATHS
from local_azure.schema_reader import Description, Package, SchemaError

__all__ = [
    "Property",
    "PropertyType",
    "ResourceSchema",
    "SchemaError",
    "Schemas",
    "TypeKind",
    "azure_native",
    "resource",
]

TypeKind = Literal["string", "integer", "number", "boolean", "any", "array", "map", "object", "enum", "union", "asset"]


@dataclass(frozen=True)
class PropertyType:
    """The type of one property."""

    kind: TypeKind
    item: PropertyType | None = None
    """The type of an array's items or a map's values."""
    values: tuple[Any, ...] = ()
    """An enum's values."""
    open: bool = False
    """True if the SDK accepts any string (`Union[str, Enum]`). Azure itself accepts only the enum."""
    options: tuple[PropertyType, ...] = ()
    """A union's members."""
    name: str = ""
    """An object's or enum's class in the SDK."""
    _load: Callable[[], Mapping[str, Property]] | None = field(default=None, repr=False, compare=False)

    @property
    def properties(self) -> Mapping[str, Property]:
        """An object's properties by wire name, read from the SDK at first use."""
        return self._load() if self._load else {}


@dataclass(frozen=True)
class Property:
    """A property: its type, if it is required, and the default that the SDK sends."""

    type: PropertyType
    required: bool = False
    default: Any = None


@dataclass(frozen=True)
class ResourceSchema:
    """The schema of a resource type."""

    token: str
    api_version: str
    """ARM's API version, such as `2024-01-01`; empty if the SDK names none."""
    inputs: Mapping[str, Property]
    outputs: Mapping[str, Property]
    """All outputs, including the inputs that Azure returns."""
    path: str = ""
    """ARM's path with the SDK's wire names: `/subscriptions/{subscriptionId}/…/{accountName}`; empty if unknown."""

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The inputs in the path, in order, without the subscription."""
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        return tuple(name for name in names if name != "subscriptionId")

    @property
    def name_parameter(self) -> str | None:
        """The input with the resource's name; None for a type with a fixed name in the path, such as `default`."""
        return self.parameters[-1] if self.path.endswith("}") and self.parameters else None

    @property
    def arm_type(self) -> str:
        """ARM's type, such as `Microsoft.Storage/storageAccounts/blobServices`; empty if the path is unknown."""
        return arm_type_of(self.path)

    @property
    def output_only(self) -> frozenset[str]:
        return frozenset(self.outputs) - frozenset(self.inputs)


def arm_type_of(path: str) -> str:
    """Return the ARM type of a path or an id: the provider's namespace and every second segment after it."""
    _, found, tail = path.rpartition("/providers/")
    if not found:
        return "Microsoft.Resources/resourceGroups" if "/resourcegroups/" in path.lower() else ""
    namespace, *rest = tail.split("/")
    return "/".join([namespace, *rest[::2]])


class Schemas:
    """The types of one SDK, each parsed once, and cached on disk by the SDK's version."""

    def __init__(self, package: str = "pulumi_azure_native", cache: Path | None = None) -> None:
        self.package = Package(package)
        self._cache = _Cache(cache, f"{package}-{self.package.version}") if cache else None
        self._resources: dict[str, ResourceSchema] = {}
        self._objects: dict[tuple[str, str], Mapping[str, Property]] = {}
        self._types: dict[tuple[str, str], PropertyType] = {}

    @property
    def version(self) -> str:
        return self.package.version

    def resource(self, token: str) -> ResourceSchema:
        """Return the schema of a resource type. Raises `SchemaError` for an unknown token."""
        if token not in self._resources:
            found = self._read(token, lambda: self.package.resource(token))
            self._resources[token] = ResourceSchema(
                token=token,
                api_version=found["api_version"],
                inputs=self._properties(found["inputs"]),
                outputs=self._properties(found["outputs"]),
                path=PATHS.get(token, ""),
            )
        return self._resources[token]

    def _properties(self, described: Description) -> Mapping[str, Property]:
        return {
            name: Property(self._type(entry["type"]), entry["required"], entry.get("default"))
            for name, entry in described.items()
        }

    def _type(self, described: Description) -> PropertyType:
        kind = described["kind"]
        if kind == "ref":
            return self._reference(described["module"], described["name"])
        if kind in {"array", "map"}:
            return PropertyType(kind, item=self._type(described["item"]))
        if kind == "union":
            return _union(tuple(self._type(option) for option in described["options"]))
        return PropertyType(kind)

    def _reference(self, module: str, name: str) -> PropertyType:
        key = (module, name)
        if key not in self._types:
            values = self._read(f"{module}:{name}", lambda: self._enum(module, name))
            self._types[key] = (
                PropertyType("object", name=name, _load=lambda: self._object(module, name))
                if values is None
                else PropertyType("enum", values=tuple(values), name=name)
            )
        return self._types[key]

    def _enum(self, module: str, name: str) -> list[Any] | None:
        return self.package.enum(module, name) if self.package.has_enum(module, name) else None

    def _object(self, module: str, name: str) -> Mapping[str, Property]:
        key = (module, name)
        if key not in self._objects:
            found = self._read(f"{module}:{name}:properties", lambda: self.package.object(module, name))
            self._objects[key] = self._properties(found)
        return self._objects[key]

    def _read(self, key: str, build: Callable[[], Any]) -> Any:
        return self._cache.get(key, build) if self._cache else build()


def _union(options: tuple[PropertyType, ...]) -> PropertyType:
    enums = [option for option in options if option.kind == "enum"]
    if len(enums) == 1 and all(o.kind in {"enum", "string", "integer", "number"} for o in options):
        return PropertyType("enum", values=enums[0].values, open=len(options) > 1, name=enums[0].name)
    return PropertyType("union", options=options)


class _Cache:
    """Parsed classes on disk. A damaged file is recreated."""

    def __init__(self, path: Path, version: str) -> None:
        self._path, self._version = path, version
        self._known: dict[str, str] = {}
        self._connection = self._opened()

    def get(self, key: str, build: Callable[[], Any]) -> Any:
        try:
            return json.loads(self._known[key])
        except (KeyError, ValueError):
            value = build()
            self._keep(key, json.dumps(value, separators=(",", ":")))
            return value

    def _opened(self) -> sqlite3.Connection | None:
        for _ in range(2):
            try:
                return self._open()
            except sqlite3.OperationalError:
                return None  # a read-only or full disk: no cache
            except sqlite3.DatabaseError:
                self._path.unlink(missing_ok=True)
        return None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=5, check_same_thread=False)
        # Not synced: a lost write costs one more parse.
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS class (version TEXT, key TEXT, value TEXT, PRIMARY KEY (version, key))"
        )
        rows = connection.execute("SELECT key, value FROM class WHERE version = ?", (self._version,))
        self._known = dict(rows.fetchall())
        return connection

    def _keep(self, key: str, value: str) -> None:
        self._known[key] = value
        if self._connection is None:
            return
        try:
            self._connection.execute("INSERT OR REPLACE INTO class VALUES (?, ?, ?)", (self._version, key, value))
        except sqlite3.Error:
            self._connection = None


@lru_cache(maxsize=8)
def azure_native(cache: Path | None = None) -> Schemas:
    """Return the types of the installed azure-native SDK. `cache` is the file for parsed types."""
    return Schemas("pulumi_azure_native", cache)


def resource(token: str) -> ResourceSchema:
    """Return the schema of an azure-native type, without a cache on disk."""
    return azure_native().resource(token)
