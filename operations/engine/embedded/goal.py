"""The goal state of one resource, read from the protocol's requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.proto import alias_pb2

from formats import property_values
from operations.engine.embedded import options
from operations.engine.embedded.model import Properties, Resource


@dataclass(frozen=True)
class Goal:
    """The goal state of one resource."""

    type: str
    name: str
    custom: bool
    inputs: Properties
    parent: str = ""
    provider: str = ""
    """`urn::id` of an explicit provider; empty for the default provider."""
    version: str = ""
    plugin_url: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, list[str]] = field(default_factory=dict)
    aliases: tuple[Any, ...] = ()
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    delete_first: bool | None = None
    deleted_with: str = ""
    secret_outputs: tuple[str, ...] = ()
    import_id: str = ""

    @property
    def package(self) -> str:
        return self.type.split(":", 1)[0]

    def resource(self, urn: str) -> Resource:
        """Return the resource with the goal's properties, before a provider has checked them."""
        return Resource(
            urn=urn,
            type=self.type,
            custom=self.custom,
            inputs=self.inputs,
            parent=self.parent,
            protect=self.protect,
            dependencies=list(self.dependencies),
            property_dependencies=dict(self.property_dependencies),
            additional_secret_outputs=list(self.secret_outputs),
            deleted_with=self.deleted_with,
            ignore_changes=list(self.ignore_changes),
            import_id=self.import_id,
        )


def of_registration(request: Any) -> Goal:
    """Return the goal of a RegisterResourceRequest. `InputError` for an unsupported option."""
    options.refuse_request(request, f"{request.type} {request.name}")
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=property_values.from_struct(request.object),
        parent=request.parent,
        provider=request.provider,
        version=request.version,
        plugin_url=request.pluginDownloadURL,
        dependencies=_sorted(request.dependencies),
        property_dependencies={k: sorted(v.urns) for k, v in sorted(request.propertyDependencies.items()) if v.urns},
        aliases=(*request.aliases, *(alias_pb2.Alias(urn=u) for u in request.aliasURNs)),
        protect=request.protect,
        ignore_changes=tuple(request.ignoreChanges),
        delete_first=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        deleted_with=request.deletedWith,
        secret_outputs=tuple(request.additionalSecretOutputs),
        import_id=request.importId,
    )


def of_read(request: Any) -> Goal:
    """Return the goal of a ReadResourceRequest. `InputError` for an unsupported option."""
    options.refuse_request(request, f"{request.type} {request.name}")
    return Goal(
        type=request.type,
        name=request.name,
        custom=True,
        inputs=property_values.from_struct(request.properties),
        parent=request.parent,
        provider=request.provider,
        version=request.version,
        plugin_url=request.pluginDownloadURL,
        dependencies=_sorted(request.dependencies),
        secret_outputs=tuple(request.additionalSecretOutputs),
    )


def _sorted(urns: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(urns))
