"""The schema of each type in the installed SDKs: properties, types, enums, defaults, outputs and the ARM path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Literal

from formats.pulumi_sdk import SdkProperty, installed
from local_azure.paths import PATHS

_SCALARS: Mapping[str, TypeKind] = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "Any": "any",
    "Asset": "asset",
    "Archive": "asset",
}


class SchemaError(Exception):
    """A type that the installed SDK lacks, or an SDK with an unexpected layout."""


TypeKind = Literal["string", "integer", "number", "boolean", "any", "array", "map", "object", "enum", "union", "asset"]


@dataclass(frozen=True)
class PropertyType:
    """The type of one property."""

    kind: TypeKind
    item: PropertyType | None = None
    """The type of an array's items or a map's values."""
    values: tuple[Any, ...] = ()
    """An enum's values."""
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
    """The types of one installed SDK, each parsed once."""

    def __init__(self, package: str) -> None:
        self.sdk = installed(package)
        if self.sdk.root is None:
            raise SchemaError(f"the package {package} is not installed")

    @property
    def version(self) -> str:
        return self.sdk.version

    @cache  # noqa: B019 - the schemas of an SDK live as long as the process
    def resource(self, token: str) -> ResourceSchema:
        """Return the schema of a resource type. Raises `SchemaError` for an unknown token."""
        found = self.sdk.resource(token)
        if found is None:
            raise SchemaError(f"{self.sdk.package} {self.version} has no resource {token}")
        return ResourceSchema(
            token=token,
            api_version=found.api_version,
            inputs=self._properties(found.module, found.inputs),
            outputs=self._properties(found.module, found.outputs),
            path=PATHS.get(token, ""),
        )

    def _properties(self, module: str, described: Mapping[str, SdkProperty]) -> Mapping[str, Property]:
        return {
            name: Property(self._type(module, found.annotation), found.required, found.default)
            for name, found in described.items()
        }

    @cache  # noqa: B019
    def _type(self, module: str, annotation: str) -> PropertyType:
        """Return the type of an annotation, without `pulumi.Input`, `pulumi.Output` and `Optional`."""
        head, _, inner = annotation.removesuffix("]").partition("[")
        kind = head.rpartition(".")[2]
        if kind in {"Input", "Output", "Optional"}:
            return self._type(module, inner)
        if kind == "Sequence":
            return PropertyType("array", item=self._type(module, inner))
        if kind == "Mapping":
            return PropertyType("map", item=self._type(module, inner.removeprefix("str, ")))
        if kind == "Union":
            return _union(tuple(self._type(module, option) for option in inner.split(", ")))
        return PropertyType(_SCALARS[kind]) if kind in _SCALARS else self._named(module, annotation)

    def _named(self, module: str, annotation: str) -> PropertyType:
        """Return an enum or an object, whose class is a string in the annotation."""
        name = annotation.strip("'")
        if name == annotation:
            raise SchemaError(f"unsupported annotation: {annotation}")
        values = self.sdk.enum(module, name)
        if values is not None:
            return PropertyType("enum", values=values, name=name)
        return PropertyType("object", name=name, _load=lambda: self._object(module, name))

    @cache  # noqa: B019
    def _object(self, module: str, name: str) -> Mapping[str, Property]:
        found = self.sdk.properties(module, name)
        if not found:
            raise SchemaError(f"{self.sdk.package}.{module} has no class {name}")
        return self._properties(module, found)


def _union(options: tuple[PropertyType, ...]) -> PropertyType:
    enums = [option for option in options if option.kind == "enum"]
    if len(enums) == 1 and all(o.kind in {"enum", "string", "integer", "number"} for o in options):
        return PropertyType("enum", values=enums[0].values, name=enums[0].name)
    return PropertyType("union", options=options)


@cache
def schemas_of(package: str) -> Schemas:
    """Return the types of an installed SDK. All providers of a process share it, so that a type is parsed once."""
    return Schemas(package)


def azure_native() -> Schemas:
    """Return the types of the installed azure-native SDK."""
    return schemas_of("pulumi_azure_native")


def resource(token: str) -> ResourceSchema:
    """Return the schema of an azure-native type."""
    return azure_native().resource(token)
